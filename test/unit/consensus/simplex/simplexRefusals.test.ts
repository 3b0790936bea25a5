import { describe, expect, it } from 'vitest';
import { createBlock } from '../../../../consensus/block.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { VIEWS_BEHIND_MAX } from '../../../../consensus/simplex/openChain.ts';
import { VIEWS_AHEAD_MAX } from '../../../../consensus/simplex/simplex.ts';
import type { Certificate, Vote } from '../../../../consensus/vote.ts';
import {
  blockOn,
  CHAIN_ID,
  certify,
  DELTA_MS,
  genesisBlock,
  LoneSimplex,
  signVote,
} from '../../../helpers/loneSimplex.ts';
import { hashOf, nullifyIn } from '../../../helpers/signatory.ts';

const first = blockOn(genesisBlock, 1);
const second = blockOn(first, 2);
const notarizeFirst = { kind: 'notarize', view: 1, blockHash: first.hash } as const;
const finalizeFirst = { kind: 'finalize', view: 1, blockHash: first.hash } as const;
const finalizeSecond = { kind: 'finalize', view: 2, blockHash: second.hash } as const;

function withOneForged(certificate: Certificate): Certificate {
  const [own, ...others] = certificate.signatures;
  return own === undefined
    ? certificate
    : { ...certificate, signatures: [own.map((byte) => byte ^ 1), ...others] };
}

function forged(vote: Vote): Vote {
  return { ...vote, signature: vote.signature.map((byte) => byte ^ 1) };
}

describe('certificates from peers', () => {
  it.each([
    ['CERTIFICATE_NO_QUORUM', certify(nullifyIn(1), [0, 1])],
    ['CERTIFICATE_SIGNATURE_INVALID', withOneForged(certify(nullifyIn(1)))],
    ['CERTIFICATE_SIGNATURE_INVALID', { ...certify(nullifyIn(2)), view: 1 }],
    ['CERTIFICATE_SIGNATURE_INVALID', { ...certify(notarizeFirst), blockHash: second.hash }],
    ['CERTIFICATE_SIGNATURE_INVALID', { ...certify(notarizeFirst), kind: 'finalize' }],
    ['CERTIFICATE_SIGNER_UNKNOWN', { ...certify(nullifyIn(1)), signers: [0, 1, 9] }],
    ['CERTIFICATE_MALFORMED', { ...certify(nullifyIn(1)), signers: [0, 0, 0] }],
  ] as const)('are rejected with %s, and leave nothing behind', (code, certificate) => {
    const { simplex, kept } = new LoneSimplex();
    expect(simplex.onCertificate(certificate, 0)).toMatchObject({ verdict: 'reject', code });
    expect(simplex.view).toBe(1);
    expect(simplex.chain.openCertificates(0, 9)).toEqual([]);
    expect(kept).toEqual([]);
  });

  it('are ignored when known or of a final view', () => {
    const { simplex } = new LoneSimplex();
    simplex.onCertificate(certify(nullifyIn(2)), 0);
    expect(simplex.onCertificate(certify(nullifyIn(2)), 0)).toMatchObject({ code: 'CERTIFICATE_DUPLICATE' });
    expect(simplex.onFinalizedChain([first], certify(finalizeFirst), 0)).toBe(true);
    expect(simplex.onCertificate(certify(nullifyIn(1)), 0)).toMatchObject({ code: 'CERTIFICATE_STALE' });
  });

  it.each([
    ['notarisation', certify(notarizeFirst)],
    ['nullification', certify(nullifyIn(1))],
  ])('that end a view by %s are kept', (_, certificate) => {
    const { simplex, kept } = new LoneSimplex();
    simplex.onCertificate(certificate, 0);
    expect(kept).toEqual([certificate]);
    const restarted = new LoneSimplex(3, { votes: [], proposals: [], certificates: [certificate] });
    expect(restarted.simplex.view).toBe(2);
    expect(restarted.simplex.chain.openCertificates(1, 9)).toEqual([certificate]);
  });
});

describe('final chains from peers', () => {
  it('are taken with the finalisation of their last block', () => {
    const { simplex, finals } = new LoneSimplex();
    expect(simplex.onFinalizedChain([first, second], certify(finalizeSecond), 0)).toBe(true);
    expect(finals).toEqual([first, second]);
    expect([simplex.chain.finalizedView, simplex.view]).toEqual([2, 3]);
  });

  const other = blockOn(first, 2, hashOf('77'));
  const orphan = createBlock({ ...second.header, parentHash: hashOf('99') }, second.body);
  const jump = createBlock({ ...second.header, height: 3 }, second.body);
  const last = (blockHash: string) => certify({ ...finalizeSecond, blockHash });
  it.each([
    ['nothing', [], certify(finalizeSecond)],
    ['too few signers', [first, second], certify(finalizeSecond, [0, 1])],
    ['a forged signature', [first, second], withOneForged(certify(finalizeSecond))],
    ['a signature of another view', [first, second], { ...certify({ ...finalizeSecond, view: 3 }), view: 2 }],
    ['a certificate for another view', [first, second], certify({ ...finalizeSecond, view: 3 })],
    ['a certificate for another block', [first, other], certify(finalizeSecond)],
    ['a notarisation', [first, second], certify({ ...finalizeSecond, kind: 'notarize' })],
    ['a gap at the start', [second], certify(finalizeSecond)],
    ['blocks that do not follow each other', [first, orphan], last(orphan.hash)],
    ['a height left out', [first, jump], last(jump.hash)],
  ] as const)('are refused with %s', (_, blocks, certificate) => {
    const { simplex, finals } = new LoneSimplex();
    expect(simplex.onFinalizedChain(blocks, certificate, 0)).toBe(false);
    expect(finals).toEqual([]);
    expect([simplex.chain.finalizedView, simplex.view]).toEqual([0, 1]);
  });

  it('are refused with a body that is not the header’s', () => {
    const { simplex, damaged, finals } = new LoneSimplex();
    damaged.add(first);
    expect(simplex.onFinalizedChain([first, second], certify(finalizeSecond), 0)).toBe(false);
    expect(finals).toEqual([]);
  });
});

describe('a node whose peers’ history has left it behind', () => {
  it('keeps a bounded number of views, votes in none that it forgot, and takes a final chain all the same', () => {
    const { simplex, cast } = new LoneSimplex();
    let parent = first;
    const chain = [first];
    for (let view = 2; view <= 3 * VIEWS_BEHIND_MAX; view += 1) {
      // It never gets block 1, so none of these can become final here.
      const block = blockOn(parent, view);
      simplex.onCertificate(certify({ kind: 'notarize', view, blockHash: block.hash }), 0);
      simplex.onCertificate(certify({ kind: 'finalize', view, blockHash: block.hash }), 0);
      chain.push(block);
      parent = block;
      const views = new Set(simplex.chain.openCertificates(0, 10_000).map((certificate) => certificate.view));
      expect(views.size).toBeLessThanOrEqual(2 * VIEWS_BEHIND_MAX + 1);
    }
    expect(simplex.chain.finalized).toBe(genesisBlock);
    const castBefore = cast.length;
    expect(simplex.onCertificate(certify(notarizeFirst), 0)).toMatchObject({ code: 'CERTIFICATE_STALE' });
    expect(cast).toHaveLength(castBefore);
    const newest = { kind: 'finalize', view: 3 * VIEWS_BEHIND_MAX, blockHash: parent.hash } as const;
    expect(simplex.onFinalizedChain(chain, certify(newest), 0)).toBe(true);
    expect(simplex.chain.finalized).toBe(parent);
    expect(simplex.chain.openCertificates(0, 10)).toEqual([]);
  });
});

describe('blocks from peers', () => {
  it('are taken when a certificate names them and their body is whole', () => {
    const { simplex, damaged } = new LoneSimplex();
    expect(simplex.onBlock(first, 0)).toBe(false);
    simplex.onCertificate(certify(notarizeFirst), 0);
    damaged.add(first);
    expect(simplex.onBlock(first, 0)).toBe(false);
    damaged.clear();
    expect(simplex.onBlock(second, 0)).toBe(false);
    expect(simplex.onBlock(first, 0)).toBe(true);
    expect(simplex.chain.block(first.hash)).toBe(first);
  });
});

describe('votes', () => {
  it.each([
    ['VOTE_VOTER_UNKNOWN', 'reject', { ...signVote(0, nullifyIn(1)), voter: 4 }],
    ['VOTE_SIGNATURE_INVALID', 'reject', forged(signVote(0, nullifyIn(1)))],
    ['VOTE_SIGNATURE_INVALID', 'reject', signVote(0, nullifyIn(1), hashOf('0c'))],
    ['VOTE_SIGNATURE_INVALID', 'reject', forged(signVote(0, nullifyIn(2 + VIEWS_AHEAD_MAX)))],
    ['VOTE_TOO_FAR_AHEAD', 'ignore', signVote(0, nullifyIn(2 + VIEWS_AHEAD_MAX))],
  ] as const)('get %s, %s', (code, verdict, vote) => {
    expect(new LoneSimplex().simplex.onVote(vote, 0)).toMatchObject({ verdict, code });
  });

  it('are counted once each, and not when they are of a final view', () => {
    const { simplex } = new LoneSimplex();
    for (const voter of [0, 1]) {
      expect(simplex.onVote(signVote(voter, nullifyIn(1)), 0)).toMatchObject({ verdict: 'accept' });
      expect(simplex.onVote(signVote(voter, nullifyIn(1)), 0)).toMatchObject({ code: 'VOTE_DUPLICATE' });
    }
    expect(simplex.view).toBe(1);
    simplex.onVote(signVote(2, nullifyIn(1)), 0);
    expect(simplex.view).toBe(2);
    simplex.onFinalizedChain([first], certify(finalizeFirst), 0);
    expect(simplex.onVote(signVote(3, nullifyIn(1)), 0)).toMatchObject({ code: 'VOTE_STALE' });
  });

  it('of views far ahead make a node ask their voter what it missed, unless they are forged', () => {
    const { simplex, asked } = new LoneSimplex();
    const ahead = signVote(2, nullifyIn(2 + VIEWS_AHEAD_MAX));
    simplex.onVote(forged(ahead), 0);
    expect(asked).toEqual([]);
    simplex.onVote(ahead, 0);
    expect(asked).toEqual([2]);
  });
});

describe('proposals', () => {
  const proposal = signVote(0, notarizeFirst);
  const stranger = createBlock({ ...first.header, chainId: hashOf('0c') }, first.body);
  const usurped = createBlock({ ...first.header, leader: 1 }, first.body);

  it.each([
    ['PROPOSAL_INVALID', first, signVote(1, notarizeFirst)],
    ['PROPOSAL_INVALID', first, signVote(0, finalizeFirst)],
    ['PROPOSAL_INVALID', first, signVote(0, { ...notarizeFirst, blockHash: second.hash })],
    ['PROPOSAL_INVALID', first, signVote(0, { ...notarizeFirst, view: 2 })],
    ['PROPOSAL_INVALID', stranger, signVote(0, { ...notarizeFirst, blockHash: stranger.hash })],
    ['PROPOSAL_INVALID', usurped, signVote(1, { ...notarizeFirst, blockHash: usurped.hash })],
    ['VOTE_SIGNATURE_INVALID', first, forged(proposal)],
  ] as const)('are rejected with %s', (code, block, vote) => {
    const { simplex, cast } = new LoneSimplex();
    expect(simplex.onProposal(block, vote, 0)).toMatchObject({ verdict: 'reject', code });
    expect(cast).toEqual([]);
  });

  it('with a body that is not the header’s are rejected, and the true one still finds its vote', () => {
    const { simplex, damaged, cast } = new LoneSimplex();
    const copy = { ...first };
    damaged.add(copy);
    expect(simplex.onProposal(copy, proposal, 0)).toMatchObject({
      verdict: 'reject',
      code: 'PROPOSAL_BODY_INVALID',
    });
    expect(cast).toEqual([]);
    simplex.onProposal(first, proposal, 0);
    expect(cast).toMatchObject([{ kind: 'notarize', blockHash: first.hash }]);
  });

  it('beside another of the same leader and view get no second vote', () => {
    const { simplex, cast, accused } = new LoneSimplex();
    simplex.onProposal(first, proposal, 0);
    const twin = blockOn(genesisBlock, 1, hashOf('77'));
    simplex.onProposal(twin, signVote(0, { ...notarizeFirst, blockHash: twin.hash }), 0);
    expect(cast).toMatchObject([{ kind: 'notarize', blockHash: first.hash }]);
    expect(accused).toHaveLength(1);
  });

  it('get no vote while a view between them and their parent is not nullified', () => {
    const { simplex, cast } = new LoneSimplex();
    const late = blockOn(genesisBlock, 3);
    simplex.onCertificate(certify(nullifyIn(2)), 0);
    simplex.onProposal(late, signVote(2, { kind: 'notarize', view: 3, blockHash: late.hash }), 0);
    expect(cast).toEqual([]);
    simplex.onCertificate(certify(nullifyIn(1)), 0);
    expect(cast).toMatchObject([{ kind: 'notarize', blockHash: late.hash }]);
  });
});

describe('a guarded node', () => {
  it('casts no vote, proposes nothing and repeats nothing until a view high enough is final', () => {
    const { simplex, cast, repeated } = new LoneSimplex(1);
    simplex.guardUntil(2);
    simplex.onProposal(first, signVote(0, notarizeFirst), 0);
    simplex.onTimer('view', 1000);
    simplex.onTimer('rebroadcast', 1500);
    simplex.onCertificate(certify(nullifyIn(1)), 2000);
    simplex.onTimer('propose', 4000);
    expect(cast).toEqual([]);
    expect(repeated).toEqual([]);
    const direct = blockOn(genesisBlock, 2);
    simplex.onFinalizedChain([direct], certify({ ...finalizeSecond, blockHash: direct.hash }), 4000);
    expect(simplex.isGuarded).toBe(false);
    simplex.onTimer('view', 9000);
    expect(cast).toMatchObject([{ kind: 'nullify', view: 3 }]);
  });
});

describe('a node whose silence ends when the time of its view is over', () => {
  it('gives the view up at its next repeat: everybody may have been silent, and nobody else would', () => {
    const { simplex, cast, repeated } = new LoneSimplex(1);
    simplex.guardUntil(Number.MAX_SAFE_INTEGER);
    simplex.onTimer('view', 1000);
    simplex.guardUntil(0);
    expect(cast).toEqual([]);
    simplex.onTimer('rebroadcast', 1500);
    expect(cast).toMatchObject([{ kind: 'nullify', view: 1 }]);
    expect(repeated).toHaveLength(1);
    simplex.onTimer('rebroadcast', 3000);
    expect(cast).toHaveLength(1);
  });
});

describe('a leader that was silent for the last views', () => {
  /** Sets how long view 12 waits for node-3, its leader, which last voted in `lastVote`. */
  function waitFor(lastVote: number, signers: readonly number[] = [0, 1, 2]): number {
    const { simplex, timers } = new LoneSimplex(0);
    for (let view = 1; view < 12; view += 1) {
      simplex.onCertificate(certify(nullifyIn(view), view === lastVote ? [0, 1, 2, 3] : signers), 5000);
    }
    expect(simplex.view).toBe(12);
    return (timers.get('view') ?? 0) - 5000;
  }

  it('is not waited for', () => {
    expect(waitFor(0)).toBe(0);
    expect(waitFor(3)).toBe(0);
  });

  it('is waited for two deltas when it voted in one of them', () => {
    expect(waitFor(4)).toBe(2 * DELTA_MS);
  });

  it('is waited for while there were too few views to tell', () => {
    const { simplex, timers } = new LoneSimplex(0);
    for (let view = 1; view < 8; view += 1) simplex.onCertificate(certify(nullifyIn(view)), 5000);
    expect(simplex.view).toBe(8);
    expect(timers.get('view')).toBe(5000 + 2 * DELTA_MS);
  });
});

describe('its own signature', () => {
  it('covers chain, kind, view and block', () => {
    const { simplex, cast } = new LoneSimplex();
    simplex.onTimer('view', 1000);
    expect(cast).toEqual([signVote(3, { kind: 'nullify', view: 1, blockHash: ZERO_HASH }, CHAIN_ID)]);
  });
});
