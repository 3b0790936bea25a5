import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDoubleVote } from '../../../../consensus/evidence.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { type Vote, type VoteSubject, voteSigningBytes } from '../../../../consensus/vote.ts';
import { createDoubleSettlement } from '../../../../settlement/chain/doubleSettlement.ts';
import {
  accusedBy,
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  evidenceId,
  verifyEvidence,
} from '../../../../settlement/execution/evidence.ts';
import type { SettlementTransaction } from '../../../../settlement/net/settlement.ts';
import {
  actionsOf,
  batchOf,
  chainId,
  chainOf,
  finalise,
  headerAt,
  settle,
  signerOf,
  validators,
  verifier,
} from '../chain/fixtures.ts';

const network = { chainId, validators };
const batch = batchOf(1);
const honest = settle(batch);

function voteOf(voter: number, subject: VoteSubject): Vote {
  return { ...subject, voter, signature: signerOf(voter).sign(voteSigningBytes(chainId, subject)) };
}

const doubleVote: Evidence = {
  type: 'votes',
  votes: createDoubleVote(
    voteOf(2, { kind: 'finalize', view: 7, blockHash: chainId }),
    voteOf(2, { kind: 'nullify', view: 7, blockHash: ZERO_HASH }),
  ),
};

function pairOf(a: SettlementTransaction, b: SettlementTransaction): Evidence {
  return { type: 'settlements', settlements: createDoubleSettlement(a, b) };
}

const doubleSettlement = pairOf(honest, settle(batch, { liquidations: 1 }));
const both = [
  ['two votes', doubleVote, 2],
  ['two settlements', doubleSettlement, 0],
] as const;

function codeOf(evidence: Evidence): string {
  const verdict = verifyEvidence(evidence, network, verifier);
  return verdict.ok ? 'ok' : verdict.code;
}

describe.each(both)('evidence of %s', (_, evidence, accused) => {
  const bytes = encodeEvidence(evidence);

  it('holds, names the accused, and survives its encoding', () => {
    const decoded = decodeEvidence(bytes);
    expect(decoded).toEqual({ ok: true, value: evidence });
    expect(codeOf(evidence)).toBe('ok');
    expect(accusedBy(evidence)).toBe(accused);
  });

  it('is refused with any bit of it another, cut short, or with anything behind it', () => {
    const isRefused = (damaged: Uint8Array): boolean => {
      const decoded = decodeEvidence(damaged);
      return !decoded.ok || codeOf(decoded.value) !== 'ok';
    };
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (!isRefused(damaged)) expect.fail(`bit ${bit} does not matter`);
    }
    fc.assert(fc.property(fc.nat(bytes.length - 1), (length) => isRefused(bytes.slice(0, length))));
    expect(isRefused(Uint8Array.from([...bytes, 0]))).toBe(true);
  });

  it('is one with one identity, whichever message came first', () => {
    const reversed: Evidence =
      evidence.type === 'votes'
        ? { type: 'votes', votes: createDoubleVote(evidence.votes.second, evidence.votes.first) }
        : pairOf(evidence.settlements.second, evidence.settlements.first);
    expect(encodeEvidence(reversed)).toEqual(bytes);
    expect(evidenceId(reversed)).toBe(evidenceId(evidence));
  });
});

describe('two settlements of one attempt', () => {
  const sealing = honest.headers[0] ?? headerAt(5);
  const longer = chainOf(sealing, 3);
  const other = headerAt(5, { batchCommitment: sealing.batchCommitment, view: 9 });

  it.each([
    ['other fees', settle(batch, { feeCap: 5000n, tip: 50n })],
    ['another certificate', settle(batch, { certificate: finalise(sealing, [1, 2, 3]) })],
    [
      'more headers after the sealing one',
      settle(batch, { headers: longer, certificate: finalise(longer.at(-1) ?? sealing) }),
    ],
    ['another attempt', settle(batch, { attempt: 2, liquidations: 1 })],
    ['another batch', settle(batchOf(2))],
    ['another proposer', settle(batch, { proposer: 1, liquidations: 1 })],
    ['another sidechain', settle(batch, { chainId: ZERO_HASH, liquidations: 1 })],
  ])('may have %s', (_, replacement) => {
    expect(codeOf(pairOf(honest, replacement))).toBe('EVIDENCE_NOT_EQUIVOCATION');
  });

  it.each([
    ['another net', settle(batch, { net: [{ asset: 'UM', amount: 1n }] })],
    ['other fees of the ledger', settle(batch, { fees: [{ asset: 'UM', amount: 1n }] })],
    ['other actions', settle(batch, { actions: actionsOf(batch.net, 7n) })],
    ['another range', settle(batch, { toHeight: 6 })],
    ['another sealing header', settle(batch, { headers: [other], certificate: finalise(other) })],
    ['no header at all', settle(batch, { headers: [] })],
  ])('convict with %s', (_, second) => {
    expect(codeOf(pairOf(honest, second))).toBe('ok');
  });

  it('convict nobody who did not sign both', () => {
    const forged = { ...settle(batch, { proposer: 1, liquidations: 1 }), proposer: 0 };
    expect(codeOf(pairOf(honest, forged))).toBe('EVIDENCE_SIGNATURE_INVALID');
    const [one, two] = [settle(batch, { proposer: 9 }), settle(batch, { proposer: 9, liquidations: 1 })];
    expect(codeOf(pairOf(one, two))).toBe('EVIDENCE_NOT_EQUIVOCATION');
  });
});
