import { beforeEach, describe, expect, it } from 'vitest';
import { createBlock } from '../../../../consensus/block.ts';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { encodeProposal, encodeSyncResponse } from '../../../../node/core/messages.ts';
import { ProofAhead } from '../../../../node/runtime/proofAhead.ts';
import { ProofThreads } from '../../../../node/runtime/proofThreads.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { ProofVerdicts } from '../../../../settlement/atomic/proofs/proofVerdicts.ts';
import { signStatement } from '../../../../settlement/atomic/proofs/signatureProof.ts';
import { proofTaskOf, settlementStatement } from '../../../../settlement/atomic/statement.ts';
import type { AtomicBatch } from '../../../../settlement/atomic/types.ts';
import { signAndEncodeTransaction } from '../../../../settlement/execution/transaction.ts';
import { batchOf, request } from '../../settlement/atomic/atomicFixture.ts';
import { trust } from '../../settlement/atomic/proofs/proofFixture.ts';
import { blockAt } from '../laws/fixtures.ts';
import { loadText } from '../scenario/replay.ts';

const { genesis } = createGenesis(loadText('duration: 10s'));
const { chainId } = genesis;
const crypto = createCrypto('full');
const secretKey = deriveSecretKey('ahead', 'payer');
const payer: Address = toHex(ed25519.publicKeyOf(secretKey));

/** A batch of so many payments, each with a proof of its payer. */
function provenBatch(count: number): AtomicBatch {
  const batch = batchOf([], { expiresAtHeight: 9 });
  const requests = Array.from({ length: count }, () => {
    const payment = request({ from: payer });
    const signature = signStatement(secretKey, settlementStatement(chainId, batch, payment));
    return { ...payment, proof: { kind: 'cryptographic', signer: payer, signature } as const };
  });
  return { ...batch, requests };
}

function transactionOf(batch: AtomicBatch): Uint8Array {
  const body = { type: 'atomic_batch', batch, signers: [] } as const;
  const envelope = { chainId, from: payer, nonce: 0, expiresAtHeight: 0, onlyAtHeight: 0, body };
  return signAndEncodeTransaction(envelope, crypto.createSigner(secretKey)).bytes;
}

describe('ProofAhead.prepare', () => {
  /** Twenty cost what is worth a thread. */
  const batch = provenBatch(20);
  const bytes = transactionOf(batch);
  let verdicts: ProofVerdicts;
  let ahead: ProofAhead;

  beforeEach(() => {
    verdicts = new ProofVerdicts(trust);
    const threads = new ProofThreads({ trust, threadCount: 0 });
    ahead = new ProofAhead(genesis, { threads, verdicts, verifier: crypto });
  });

  function knows(each: AtomicBatch): boolean {
    return each.requests.every((one) => {
      const task = proofTaskOf(chainId, each, one);
      return task !== undefined && verdicts.has(task);
    });
  }

  const block = createBlock(blockAt(1).header, { transactions: [bytes], evidence: [] });
  const vote = { view: 1, blockHash: block.hash, kind: 'notarize', voter: 0, signature: new Uint8Array(64) };
  const answer = {
    view: 1,
    lastVotedView: 0,
    proof: undefined,
    finalizedHeight: 1,
    finalized: [block],
    certificate: undefined,
    openCertificates: [],
    openBlocks: [],
  };

  it.each([
    ['a transaction of a user', { type: 'transactionSubmitted', bytes }],
    ['a transaction from a peer', { type: 'message', topic: 'transactions', bytes }],
    ['a block', { type: 'message', topic: 'blocks', bytes: encodeProposal({ block, vote } as never) }],
    ['blocks that were missed', { type: 'response', bytes: encodeSyncResponse(answer as never) }],
  ] as const)('makes the verdicts on %s known, once', async (_name, input) => {
    const prepared = ahead.prepare(input);
    expect(prepared).toBeInstanceOf(Promise);
    expect(knows(batch)).toBe(false);
    await prepared;
    expect(knows(batch)).toBe(true);
    expect(ahead.prepare(input)).toBeUndefined();
  });

  it.each([
    ['little work', transactionOf(provenBatch(19))],
    ['none', transactionOf(batchOf(Array.from({ length: 20 }, () => request({ from: payer }))))],
    [
      'a signature that does not hold',
      Uint8Array.from(bytes, (byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
    ],
    ['more than a batch may cost', transactionOf(provenBatch(2000))],
    ['garbage', new Uint8Array(5000)],
  ])('lets %s pass at once', (_name, each) => {
    expect(ahead.prepare({ type: 'transactionSubmitted', bytes: each })).toBeUndefined();
  });

  it('lets inputs that carry no transactions pass at once', () => {
    expect(ahead.prepare({ type: 'message', topic: 'votes', bytes })).toBeUndefined();
    expect(ahead.prepare({ type: 'timerFired' })).toBeUndefined();
    expect(ahead.prepare({ type: 'response', bytes: undefined })).toBeUndefined();
  });

  it('holds back no more than it can, nor after an error', async () => {
    let fail: (error: Error) => void = () => undefined;
    const stuck = new Promise<void>((_, reject) => {
      fail = reject;
    });
    ahead = new ProofAhead(genesis, { threads: { fill: () => stuck }, verdicts, verifier: crypto });
    const input = { type: 'transactionSubmitted', bytes } as const;
    const held = Array.from({ length: 65 }, () => ahead.prepare(input));
    expect(held.map((each) => each === undefined)).toEqual([...Array(64).fill(false), true]);
    fail(new Error('a thread is lost'));
    await Promise.all(held);
    expect(ahead.prepare(input)).toBeInstanceOf(Promise);
  });
});
