import { describe, expect, it } from 'vitest';
import {
  createDoubleVote,
  doubleVoteId,
  isEquivocation,
  readDoubleVote,
  writeDoubleVote,
} from '../../../../consensus/evidence.ts';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';
import { PAST_VIEWS_KEPT } from '../../../../consensus/simplex/equivocationWatch.ts';
import type { Vote, VoteSubject } from '../../../../consensus/vote.ts';
import { blockOn, certify, genesisBlock, LoneSimplex, signVote } from '../../../helpers/loneSimplex.ts';
import { hashOf, nullifyIn } from '../../../helpers/signatory.ts';

const [a, b] = [hashOf('aa'), hashOf('bb')];
const notarize = (blockHash: string, view = 1): VoteSubject => ({ kind: 'notarize', view, blockHash });
const finalize = (blockHash: string, view = 1): VoteSubject => ({ kind: 'finalize', view, blockHash });

const faults = [
  ['two notarize votes', notarize(a), notarize(b)],
  ['two finalize votes', finalize(a), finalize(b)],
  ['a nullify beside a finalize vote', nullifyIn(1), finalize(a)],
] as const;
const rights = [
  ['notarize and finalize', notarize(a), finalize(a)],
  ['notarize and nullify', notarize(a), nullifyIn(1)],
  ['votes of two views', notarize(a, 1), notarize(b, 2)],
] as const;

describe('Simplex and equivocation', () => {
  it.each(faults)('reports %s of one voter, with both votes', (_, one, other) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      const { simplex, accused } = new LoneSimplex();
      const votes = [signVote(0, first), signVote(0, second)] as const;
      for (const vote of votes) simplex.onVote(vote, 0);
      expect(accused).toEqual([votes]);
    }
  });

  it.each(rights)('does not report %s', (_, one, other) => {
    const { simplex, accused } = new LoneSimplex();
    for (const subject of [one, other]) simplex.onVote(signVote(0, subject), 0);
    expect(accused).toEqual([]);
  });

  it('does not report forged votes, nor those of two voters', () => {
    const { simplex, accused } = new LoneSimplex();
    simplex.onVote(signVote(0, notarize(a)), 0);
    simplex.onVote({ ...signVote(1, notarize(b)), voter: 0 }, 0);
    simplex.onVote(signVote(1, notarize(b)), 0);
    expect(accused).toEqual([]);
  });

  it('does not count the second of two contradicting votes', () => {
    const { simplex } = new LoneSimplex();
    for (const voter of [0, 1, 2]) simplex.onVote(signVote(voter, finalize(a)), 0);
    const other = new LoneSimplex().simplex;
    for (const voter of [0, 1]) other.onVote(signVote(voter, finalize(a)), 0);
    other.onVote(signVote(2, finalize(b)), 0);
    other.onVote(signVote(2, finalize(a)), 0);
    expect(simplex.chain.openCertificates(1, 9)).toHaveLength(1);
    expect(other.chain.openCertificates(1, 9)).toEqual([]);
  });

  it('never votes to finalize a view that it voted to nullify', () => {
    const { simplex, cast } = new LoneSimplex();
    simplex.onTimer('view', 1000);
    simplex.onCertificate(certify(notarize(blockOn(genesisBlock, 1).hash)), 1100);
    expect(cast.map(({ kind, view }) => `${kind} ${view}`)).toEqual(['nullify 1']);
  });

  it('does not repeat itself with other words after a restart', () => {
    const block = blockOn(genesisBlock, 1);
    const votes = [signVote(3, notarize(block.hash))];
    const { simplex, cast } = new LoneSimplex(3, { votes, proposals: [block], certificates: [] });
    const twin = blockOn(genesisBlock, 1, b);
    simplex.onProposal(twin, signVote(0, notarize(twin.hash)), 0);
    expect(cast).toEqual([]);
  });
});

describe('Simplex and equivocation that comes to light late', () => {
  const block = blockOn(genesisBlock, 1);
  /** Knows the block of view 1 as final by the votes of 0, 1 and 2. */
  function finalised(before: readonly Vote[] = []): LoneSimplex {
    const lone = new LoneSimplex();
    lone.simplex.onProposal(block, signVote(0, notarize(block.hash)), 0);
    for (const vote of before) lone.simplex.onVote(vote, 0);
    for (const voter of [0, 1, 2]) lone.simplex.onVote(signVote(voter, finalize(block.hash)), 0);
    expect(lone.simplex.chain.finalizedView).toBe(1);
    return lone;
  }

  it.each([
    [
      'a nullify after the finalize vote that counted',
      signVote(1, finalize(block.hash)),
      signVote(1, nullifyIn(1)),
    ],
    ['another finalize vote', signVote(1, finalize(block.hash)), signVote(1, finalize(b))],
    ['another notarize vote', signVote(0, notarize(block.hash)), signVote(0, notarize(b))],
  ])('reports %s', (_, counted, late) => {
    const { simplex, accused } = finalised();
    simplex.onVote(late, 5000);
    simplex.onVote(late, 6000);
    expect(accused).toEqual([[counted, late]]);
  });

  it('reports two votes that both come after finality, whatever a stranger put in their place before', () => {
    const { simplex, accused } = finalised();
    const votes = [signVote(3, finalize(block.hash)), signVote(3, nullifyIn(1))] as const;
    simplex.onVote({ ...signVote(1, finalize(b)), voter: 3 }, 5000);
    simplex.onVote(votes[0], 5000);
    expect(accused).toEqual([]);
    simplex.onVote(votes[1], 5000);
    expect(accused).toEqual([votes]);
  });

  it('reports a signer of a certificate that signed the contrary, before and after finality', () => {
    const nullification = certify(nullifyIn(1), [1, 2, 3]);
    const late = finalised();
    late.simplex.onCertificate(nullification, 5000);
    expect(late.accused.map(([{ voter }]) => voter)).toEqual([1, 2]);
    const early = new LoneSimplex();
    early.simplex.onVote(signVote(1, finalize(a)), 0);
    early.simplex.onCertificate(nullification, 0);
    expect(early.accused.map(([{ voter }]) => voter)).toEqual([1]);
    early.simplex.onVote(signVote(2, finalize(a)), 0);
    expect(early.accused.map(([{ voter }]) => voter)).toEqual([1, 2]);
  });

  it('reports the signers of two certificates of one kind for different blocks', () => {
    const { simplex, accused } = new LoneSimplex();
    simplex.onCertificate(certify(notarize(a), [0, 1, 2]), 0);
    simplex.onCertificate(certify(notarize(b), [1, 2, 3]), 0);
    expect(accused.map(([{ voter }]) => voter)).toEqual([1, 2]);
  });

  it('accuses nobody by a certificate whose signatures are not theirs', () => {
    const { simplex, accused } = finalised();
    const forged = { ...certify(nullifyIn(1), [0, 1, 2]), signers: [1, 2, 3] };
    simplex.onCertificate(forged, 5000);
    expect(accused).toEqual([]);
  });

  it('is bound by a vote of its own that it meets in a certificate', () => {
    const { simplex, cast } = new LoneSimplex(3);
    simplex.onCertificate(certify(nullifyIn(1), [1, 2, 3]), 0);
    simplex.onCertificate(certify(notarize(block.hash)), 100);
    expect(cast.filter(({ view }) => view === 1)).toEqual([]);
  });

  it('forgets a view that has been final for long', () => {
    const { simplex, accused } = finalised();
    let parent = block;
    for (let view = 2; view <= PAST_VIEWS_KEPT + 2; view += 1) {
      parent = blockOn(parent, view);
      simplex.onFinalizedChain([parent], certify(finalize(parent.hash, view)), 5000);
    }
    simplex.onVote(signVote(1, nullifyIn(1)), 6000);
    expect(accused).toEqual([]);
    simplex.onVote(signVote(1, nullifyIn(10)), 6000);
    expect(accused).toHaveLength(1);
  });
});

describe('evidence', () => {
  it('is one and the same whichever vote came first, and survives its encoding', () => {
    const votes = [signVote(0, notarize(a)), signVote(0, notarize(b))] as const;
    const [one, other] = [createDoubleVote(votes[0], votes[1]), createDoubleVote(votes[1], votes[0])];
    expect(one).toEqual(other);
    const bytes = encode((writer) => writeDoubleVote(writer, one));
    expect(decode(bytes, readDoubleVote)).toMatchObject({ ok: true, value: one });
  });

  it('has an identity of voter and subjects', () => {
    const idOf = (voter: number, left: VoteSubject, right: VoteSubject) =>
      doubleVoteId(createDoubleVote(signVote(voter, left), signVote(voter, right)));
    const ids = [
      idOf(0, notarize(a), notarize(b)),
      idOf(1, notarize(a), notarize(b)),
      idOf(0, notarize(a, 2), notarize(b, 2)),
      idOf(0, finalize(a), finalize(b)),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it.each(faults)('holds for %s', (_, one, other) => {
    expect(isEquivocation(signVote(0, one), signVote(0, other))).toBe(true);
    expect(isEquivocation(signVote(0, one), signVote(1, other))).toBe(false);
  });

  it.each(rights)('does not hold for %s', (_, one, other) => {
    expect(isEquivocation(signVote(0, one), signVote(0, other))).toBe(false);
  });
});
