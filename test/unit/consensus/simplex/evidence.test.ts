import { describe, expect, it } from 'vitest';
import {
  createEvidence,
  decodeEvidence,
  encodeEvidence,
  evidenceId,
  isEquivocation,
} from '../../../../consensus/evidence.ts';
import type { VoteSubject } from '../../../../consensus/vote.ts';
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

describe('evidence', () => {
  it('is one and the same whichever vote came first, and survives its encoding', () => {
    const votes = [signVote(0, notarize(a)), signVote(0, notarize(b))] as const;
    const [one, other] = [createEvidence(votes[0], votes[1]), createEvidence(votes[1], votes[0])];
    expect(one).toEqual(other);
    expect(decodeEvidence(encodeEvidence(one))).toMatchObject({ ok: true, value: one });
  });

  it('has an identity of voter and subjects', () => {
    const idOf = (voter: number, left: VoteSubject, right: VoteSubject) =>
      evidenceId(createEvidence(signVote(voter, left), signVote(voter, right)));
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
