import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../../consensus/primitives/hash.ts';
import { type BatchOutcome, batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { atomicBatchHash } from '../../../../settlement/atomic/codec.ts';
import { atomicBatchGas } from '../../../../settlement/atomic/gas.ts';
import { findBatchProblem } from '../../../../settlement/atomic/limits.ts';
import { proofCodes } from '../../../../settlement/atomic/proofs/codes.ts';
import { decodeProof, encodeProof } from '../../../../settlement/atomic/proofs/proofCodec.ts';
import { proofGas } from '../../../../settlement/atomic/proofs/proofGas.ts';
import { ProofVerdicts } from '../../../../settlement/atomic/proofs/proofVerdicts.ts';
import type { SettlementProof } from '../../../../settlement/atomic/proofs/types.ts';
import { judgeProof } from '../../../../settlement/atomic/proofs/verifyProof.ts';
import { proofTaskOf, settlementStatement } from '../../../../settlement/atomic/statement.ts';
import { batchRecordsTable } from '../../../../settlement/atomic/tables.ts';
import type {
  AtomicBatch,
  AtomicRules,
  RequiredProof,
  SettlementRequest,
} from '../../../../settlement/atomic/types.ts';
import { ATTESTED_MS, makeDocument } from '../../../helpers/attestation.ts';
import { flipBit, oneBitAByte } from '../../../helpers/bitFlips.ts';
import { rules as ledger } from '../ledger/ledgerFixture.ts';
import {
  AtomicChain,
  arbiter,
  batchOf,
  buyer,
  chainId,
  idOf,
  market,
  request,
  rules,
  seller,
  TNZO,
} from './atomicFixture.ts';
import { type Account, alice, bob, carol, setup, trust } from './proofs/proofFixture.ts';

const proofs: AtomicRules['proofs'] = { trust: trust.source, required: [], genesisMs: ATTESTED_MS };
const changed = { proofs };
const holdings = {
  [alice.address]: { TNZO: 10n * TNZO, USDC: 1000n },
  [carol.address]: { TNZO: 10n * TNZO },
  [buyer]: { TNZO: 10n * TNZO },
};

/** Makes a proof of a statement. */
type Prover = (statement: Uint8Array) => SettlementProof;

const signedBy =
  ({ address, sign }: Account): Prover =>
  (statement) => ({ kind: 'cryptographic', signer: address, signature: sign(statement) });
const parties =
  (threshold: number, signing: readonly Account[], others: readonly Account[] = []): Prover =>
  (statement) => ({
    kind: 'multi_party',
    threshold,
    signers: [
      ...signing.map(({ address, sign }) => ({ signer: address, signature: sign(statement) })),
      ...others.map(({ address }) => ({ signer: address, signature: undefined })),
    ],
  });

const provers = {
  ed25519: signedBy(alice),
  secp256k1: signedBy(carol),
  parties: parties(2, [alice, carol], [bob]),
  attestation: (statement: Uint8Array) => ({ kind: 'tee_attestation', document: makeDocument(statement) }),
  zeroKnowledge: (statement: Uint8Array) => setup.prove(statement, [42n]),
} as const satisfies Record<string, Prover>;

/** What a proof of each kind says to a settlement that is not its own. */
const reasonsOfOthers: Readonly<Record<keyof typeof provers, string>> = {
  ed25519: 'PROOF_SIGNATURE_INVALID',
  secp256k1: 'PROOF_SIGNATURE_INVALID',
  parties: 'PROOF_SIGNATURE_INVALID',
  attestation: 'ATTESTATION_NONCE_MISMATCH',
  zeroKnowledge: 'ZK_STATEMENT_MISMATCH',
};
const kinds = Object.keys(provers) as (keyof typeof provers)[];

/** One payment of alice behind one of buyer, whose proof is made by `prove`. */
function provenBatch(prove: Prover, fields: Partial<SettlementRequest> = {}): AtomicBatch {
  const payment = request({ from: alice.address, ...fields });
  const batch = batchOf([request(), payment]);
  return withProof(batch, prove(settlementStatement(chainId, batch, payment)));
}

function withProof(batch: AtomicBatch, proof: SettlementProof | undefined): AtomicBatch {
  const [first, second] = batch.requests as [SettlementRequest, SettlementRequest];
  return { ...batch, requests: [first, { ...second, proof }] };
}

/** Executes on a chain of its own. @returns `ok`, or where the batch failed and why. */
function judge(
  batch: AtomicBatch,
  { rules: own = proofs, signers = [buyer, alice.address, carol.address] as readonly Address[] } = {},
): string {
  const chain = new AtomicChain(holdings);
  const before = chain.rows([batchRecordsTable]);
  const { result } = chain.execute(batch, { signers, changed: { proofs: own } });
  if (result === 'ok') return 'ok';
  expect(chain.rows([batchRecordsTable])).toEqual(before);
  const failure = batchRecordOf(chain.state, batch.batchId)?.failure;
  if (failure === undefined) return `${result}, no trace`;
  const { failedAt, completed, details } = failure;
  expect(details.settlementId).toBe(batch.requests[failedAt]?.settlementId);
  return `${failedAt}/${completed} ${details.reason}`;
}

describe('a request with a proof', () => {
  it.each(kinds)('is settled when it holds: %s', (kind) => {
    const batch = provenBatch(provers[kind]);
    const chain = new AtomicChain(holdings);
    expect(chain.execute(batch, { signers: [buyer, alice.address], changed }).result).toBe('ok');
    expect(chain.balance(alice.address)).toBe(9n * TNZO);
    expect(chain.balance(seller)).toBe((2n * TNZO * 995n) / 1000n);
  });

  it.each(kinds)('fails with its reason, at its place, when the settlement is another: %s', (kind) => {
    const batch = provenBatch(provers[kind]);
    const [first, second] = batch.requests as [SettlementRequest, SettlementRequest];
    const others: AtomicBatch[] = [
      { ...batch, batchId: idOf(999_999) },
      { ...batch, expiresAtHeight: batch.expiresAtHeight + 1 },
      ...[
        { settlementId: idOf(999_998) },
        { from: carol.address },
        { to: market },
        { amount: second.amount + 1n },
        { asset: 'USDC', amount: 1n },
      ].map((fields) => ({ ...batch, requests: [first, { ...second, ...fields }] })),
    ];
    for (const other of others) expect(judge(other)).toBe(`1/0 ${reasonsOfOthers[kind]}`);
    // Of another chain.
    const { batchId, expiresAtHeight } = batch;
    const elsewhere = settlementStatement(idOf(1), { batchId, expiresAtHeight }, second);
    expect(judge(withProof(batch, provers[kind](elsewhere)))).toBe(`1/0 ${reasonsOfOthers[kind]}`);
    // What nobody attests to may differ.
    expect(judge({ ...batch, requests: [first, { ...second, metadata: 'rent' }] })).toBe('ok');
  });

  it.each([
    ['ed25519', 1],
    ['secp256k1', 1],
    ['parties', 1],
    ['attestation', 60],
    ['zeroKnowledge', 12],
  ] as const)('fails when a bit of the proof is another: %s', (kind, step) => {
    // Of parties all have signed: the name of one who has not is nobody's word.
    const batch = provenBatch(kind === 'parties' ? parties(2, [alice, carol]) : provers[kind]);
    const bytes = encodeProof(batch.requests[1]?.proof as SettlementProof);
    let judged = 0;
    for (const flip of oneBitAByte(bytes, kind, step)) {
      const decoded = decodeProof(flip.bytes);
      if (!decoded.ok) continue;
      judged += 1;
      const verdict = judge(withProof(batch, decoded.value));
      expect(verdict, `bit ${flip.bit}`).toMatch(/^1\/0 /);
      expect(Object.keys(proofCodes)).toContain(verdict.slice(4));
    }
    expect(judged).toBeGreaterThan(10);
  });

  it('says which part of a document, of its chain or of its inputs is another', () => {
    const batch = provenBatch(provers.zeroKnowledge);
    const proof = provers.zeroKnowledge(
      settlementStatement(chainId, batch, batch.requests[1] as SettlementRequest),
    );
    const [high = 0n, low = 0n] = proof.publicInputs;
    const reasonOf = (each: SettlementProof) => judge(withProof(batch, each));
    expect(reasonOf({ ...proof, publicInputs: [high ^ 1n, low, 42n] })).toBe('1/0 ZK_STATEMENT_MISMATCH');
    expect(reasonOf({ ...proof, publicInputs: [high, low, 43n] })).toBe('1/0 ZK_PROOF_INVALID');
    expect(reasonOf({ ...proof, points: flipBit(proof.points, 3) })).toBe('1/0 ZK_POINT_INVALID');
    const key = fromHex(proof.verifyingKeyId);
    expect(reasonOf({ ...proof, verifyingKeyId: toHex(flipBit(key, 9)) })).toBe('1/0 ZK_KEY_UNKNOWN');

    const attested = provenBatch(provers.attestation);
    const statement = settlementStatement(chainId, attested, attested.requests[1] as SettlementRequest);
    const reasonWith = (change: Parameters<typeof makeDocument>[1]) =>
      judge(withProof(attested, { kind: 'tee_attestation', document: makeDocument(statement, change) }));
    expect(reasonWith({})).toBe('ok');
    expect(reasonWith({ nonce: flipBit(statement, 200) })).toBe('1/0 ATTESTATION_NONCE_MISMATCH');
    expect(reasonWith({ userData: statement })).toBe('1/0 ATTESTATION_USER_DATA_MISMATCH');
    expect(reasonWith({ timestampMs: ATTESTED_MS + 20_001 })).toBe('1/0 ATTESTATION_NOT_YET_VALID');
  });

  it('holds certificates against the time of the block', () => {
    const batch = provenBatch(provers.attestation);
    const yearMs = 365 * 86_400_000;
    const at = (genesisMs: number) => judge(batch, { rules: { ...proofs, genesisMs } });
    expect(at(ATTESTED_MS)).toBe('ok');
    expect(at(ATTESTED_MS - yearMs)).toBe('1/0 ATTESTATION_NOT_YET_VALID');
    expect(at(ATTESTED_MS + 40 * yearMs)).toBe('1/0 ATTESTATION_EXPIRED');
  });

  it('is verified also where nobody asks for it, before any request is settled', () => {
    const batch = provenBatch(() => signedBy(bob)(new Uint8Array(32)), { amount: 1000n * TNZO });
    // Not for want of money, which it lacks too, and not while the first payment stands.
    expect(judge(batch)).toBe('1/0 PROOF_SIGNATURE_INVALID');
  });

  it('is part of what names the batch', () => {
    const batch = provenBatch(provers.ed25519);
    expect(atomicBatchHash(batch)).not.toBe(atomicBatchHash(withProof(batch, undefined)));
  });
});

describe('settlementStatement', () => {
  it('is of these bytes', () => {
    const batch = batchOf([], { batchId: `0x${'b0'.repeat(32)}`, expiresAtHeight: 0x0102 });
    const payment = request({
      settlementId: `0x${'5e'.repeat(32)}`,
      from: `0x${'f0'.repeat(20)}`,
      to: `0x${'10'.repeat(32)}`,
      asset: 'TNZO',
      amount: 0x0304n,
    });
    const bytes = [
      ...['c0'.repeat(32), 'b0'.repeat(32), '0000000000000102', '5e'.repeat(32), '01'],
      ...['14', 'f0'.repeat(20), '20', '10'.repeat(32)],
      ...['04', '544e5a4f', '00'.repeat(14), '0304'],
    ].join('');
    expect(toHex(settlementStatement(`0x${'c0'.repeat(32)}`, batch, payment))).toBe(
      hashBytes('settlementStatement', fromHex(`0x${bytes}`)),
    );
  });
});

describe('what a proof authorises', () => {
  const own = { signers: [buyer] as readonly Address[] };

  it('is the payment of each of its signers, whose signature the batch then lacks', () => {
    expect(judge(provenBatch(provers.ed25519), own)).toBe('ok');
    expect(judge(provenBatch(provers.secp256k1, { from: carol.address }), own)).toBe('ok');
    expect(judge(provenBatch(provers.parties, { from: carol.address }), own)).toBe('ok');
  });

  it('is nothing for those who only could have signed, and for no other payer or kind', () => {
    const missing = 'PROOF_VERIFICATION_FAILED, no trace';
    expect(judge(provenBatch(signedBy(bob)), own)).toBe(missing);
    expect(judge(provenBatch(parties(1, [bob], [alice])), own)).toBe(missing);
    expect(judge(provenBatch(provers.attestation), own)).toBe(missing);
    expect(judge(provenBatch(provers.zeroKnowledge), own)).toBe(missing);
  });

  it('is nothing when somebody else made it', () => {
    const forged: Prover = (statement) => ({
      kind: 'cryptographic',
      signer: alice.address,
      signature: bob.sign(statement),
    });
    expect(judge(provenBatch(forged), own)).toBe('1/0 PROOF_SIGNATURE_INVALID');
  });

  it('is one settlement in one batch, once', () => {
    const chain = new AtomicChain(holdings);
    const batch = provenBatch(provers.ed25519);
    const run = (each: AtomicBatch): BatchOutcome => chain.execute(each, { signers: [buyer], changed });
    expect(run(batch).result).toBe('ok');
    expect(run(batch).result).toBe('BATCH_ALREADY_EXECUTED');
    const again = { ...batch, batchId: idOf(999_997), requests: batch.requests.slice(1) };
    expect(run(again).result).toBe('PROOF_VERIFICATION_FAILED');
    expect(chain.balance(alice.address)).toBe(9n * TNZO);
  });

  it('is the release of an escrow, by its payer or by enough of its parties', () => {
    const escrowId: string = idOf(999_996);
    const openChain = () => {
      const chain = new AtomicChain(holdings);
      const parties = [alice.address, bob.address, carol.address].sort();
      const terms = { asset: 'TNZO', amount: TNZO, parties, threshold: 2, expiresAtHeight: 20 };
      expect(chain.escrow(buyer, { type: 'escrow_open', escrowId, ...terms })).toBeUndefined();
      return chain;
    };
    const releaseBy = (prove: Prover) => {
      const chain = openChain();
      const release = request({ kind: 'escrow_release', from: escrowId, amount: 5n });
      const batch = batchOf([release]);
      const proof = prove(settlementStatement(chainId, batch, release));
      const whole = { ...batch, requests: [{ ...release, proof }] };
      const { result } = chain.execute(whole, { signers: [arbiter], changed });
      return result === 'ok' ? 'ok' : batchRecordOf(chain.state, batch.batchId)?.failure?.details.reason;
    };
    expect(releaseBy(parties(1, [alice, carol]))).toBe('ok');
    expect(releaseBy(signedBy(alice))).toBe('PROOF_RELEASE_MISSING');
    expect(releaseBy(parties(1, [alice], [carol]))).toBe('PROOF_RELEASE_MISSING');
    expect(releaseBy(provers.attestation)).toBe('PROOF_RELEASE_MISSING');
  });
});

describe('required_proofs', () => {
  const rule = (fields: Partial<RequiredProof>): RequiredProof => ({
    payer: undefined,
    asset: undefined,
    kinds: ['cryptographic', 'multi_party'],
    signers: [],
    threshold: 1,
    ...fields,
  });
  /** Of a batch of one payment of alice, who signed it. */
  function verdictUnder(required: readonly RequiredProof[], prove: Prover | undefined): unknown {
    const payment = request({ from: alice.address });
    const batch = batchOf([payment]);
    const proof = prove?.(settlementStatement(chainId, batch, payment));
    const operation = {
      type: 'atomic_batch',
      batch: { ...batch, requests: [{ ...payment, proof }] },
      signers: [],
    } as const;
    const own = { ...rules, proofs: { ...proofs, required } };
    const problem = findBatchProblem(operation, alice.address, own, ledger);
    return problem === undefined ? 'ok' : [problem.code, problem.details?.reason, problem.details?.required];
  }
  const missing = ['PROOF_VERIFICATION_FAILED', 'PROOF_KIND_MISSING', 'cryptographic, multi_party'];

  it('ask for nothing by default', () => {
    expect(verdictUnder([], undefined)).toBe('ok');
  });

  it.each([
    ['any payer and asset', {}],
    ['this payer', { payer: alice.address }],
    ['this asset', { asset: 'TNZO' }],
    ['both', { payer: alice.address, asset: 'TNZO' }],
  ])('ask every settlement of %s, before it costs anything', (_name, fields) => {
    expect(verdictUnder([rule(fields)], undefined)).toEqual(missing);
    expect(verdictUnder([rule(fields)], provers.zeroKnowledge)).toEqual(missing);
    expect(verdictUnder([rule(fields)], provers.ed25519)).toBe('ok');
  });

  it.each([
    ['another payer', { payer: buyer }],
    ['another asset', { asset: 'USDC' }],
    ['this payer in another asset', { payer: alice.address, asset: 'USDC' }],
  ])('leave %s alone', (_name, fields) => {
    expect(verdictUnder([rule(fields)], undefined)).toBe('ok');
  });

  it('count signatures of the payer, or of those who are named', () => {
    expect(verdictUnder([rule({})], signedBy(bob))).toEqual(missing);
    const two = rule({ signers: [bob.address, carol.address], threshold: 2 });
    expect(verdictUnder([two], provers.ed25519)).toEqual(missing);
    expect(verdictUnder([two], parties(1, [alice, bob], [carol]))).toEqual(missing);
    expect(verdictUnder([two], parties(1, [carol, bob]))).toBe('ok');
  });

  it('take any enclave and any circuit that the chain trusts', () => {
    const machine = rule({ kinds: ['tee_attestation', 'zero_knowledge'] });
    expect(verdictUnder([machine], provers.attestation)).toBe('ok');
    expect(verdictUnder([machine], provers.zeroKnowledge)).toBe('ok');
    expect(verdictUnder([machine], provers.ed25519)).toContain('tee_attestation, zero_knowledge');
  });

  it('must all be met', () => {
    const both = [rule({ asset: 'TNZO' }), rule({ kinds: ['tee_attestation'] })];
    expect(verdictUnder(both, provers.ed25519)).toContain('tee_attestation');
  });

  it('ask the payer of an escrow too, whoever releases from it', () => {
    const escrowId: string = idOf(999_995);
    const run = (payer: Address): string => {
      const chain = new AtomicChain(holdings);
      const terms = { asset: 'TNZO', amount: TNZO, parties: [arbiter], threshold: 1, expiresAtHeight: 20 };
      chain.escrow(buyer, { type: 'escrow_open', escrowId, ...terms });
      const required = [rule({ payer })];
      const batch = batchOf([request({ kind: 'escrow_release', from: escrowId, amount: 5n })]);
      return chain.execute(batch, { signers: [arbiter], changed: { proofs: { ...proofs, required } } })
        .result;
    };
    expect(run(buyer)).toBe('PROOF_VERIFICATION_FAILED');
    expect(run(seller)).toBe('ok');
  });
});

describe('gas of proofs', () => {
  it.each(kinds)('counts in the batch: %s', (kind) => {
    const batch = provenBatch(provers[kind]);
    const gasOf = (each: AtomicBatch) => atomicBatchGas({ type: 'atomic_batch', batch: each, signers: [] });
    const proof = batch.requests[1]?.proof as SettlementProof;
    expect(gasOf(batch) - gasOf(withProof(batch, undefined))).toBe(proofGas(proof));
  });

  it('refuses a batch whose proofs cost more than a block has, before any is verified', () => {
    const proof = provers.zeroKnowledge(new Uint8Array(32));
    const gasOf = (count: number) => {
      const requests = Array.from({ length: count }, () => request({ proof }));
      const operation = { type: 'atomic_batch', batch: batchOf(requests), signers: [] } as const;
      return findBatchProblem(operation, buyer, rules, ledger)?.code;
    };
    expect(gasOf(4)).toBeUndefined();
    expect(gasOf(5)).toBe('BATCH_GAS_TOO_HIGH');
  });
});

describe('verdicts made ahead', () => {
  it.each(kinds)('change nothing but the time it takes: %s', (kind) => {
    const good = provenBatch(provers[kind]);
    const bad = provenBatch((statement) => provers[kind](flipBit(statement, 7)));
    const run = (verdicts: ProofVerdicts | undefined) => {
      const chain = new AtomicChain(holdings);
      chain.verdicts = verdicts;
      const signers = [buyer, alice.address];
      const outcomes = [bad, good].map((batch) => chain.execute(batch, { signers, changed }));
      return { outcomes, rows: chain.rows() };
    };
    const ahead = new ProofVerdicts(trust);
    for (const batch of [good, bad]) {
      const task = proofTaskOf(chainId, batch, batch.requests[1] as SettlementRequest);
      if (task === undefined) throw new Error('no proof');
      ahead.set(task, judgeProof(task.proof, task.statement, trust));
    }
    expect(run(ahead)).toEqual(run(undefined));
    expect(run(ahead)).toEqual(run(new ProofVerdicts(trust)));
  });
});
