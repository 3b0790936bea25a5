import { afterAll, describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../../../../consensus/primitives/bytes.ts';
import { hashBytes } from '../../../../consensus/primitives/hash.ts';
import {
  cutBatches,
  decodeTasks,
  decodeVerdicts,
  encodeTasks,
  encodeVerdicts,
  PROOF_BATCH_MAX,
} from '../../../../node/runtime/proofBatch.ts';
import { PARALLEL_GAS_MIN, ProofThreads } from '../../../../node/runtime/proofThreads.ts';
import { type ProofFailure, proofCodes } from '../../../../settlement/atomic/proofs/codes.ts';
import { proofGas } from '../../../../settlement/atomic/proofs/proofGas.ts';
import { ProofVerdicts } from '../../../../settlement/atomic/proofs/proofVerdicts.ts';
import type { ProofTask, ProofVerdict } from '../../../../settlement/atomic/proofs/types.ts';
import { judgeProof } from '../../../../settlement/atomic/proofs/verifyProof.ts';
import {
  alice,
  bob,
  otherStatement,
  proofs,
  statement,
  trust,
} from '../../settlement/atomic/proofs/proofFixture.ts';

/** Signatures of which every third is wrong, and now and then a proof of another kind. */
function manyTasks(count: number): readonly ProofTask[] {
  const dear = [proofs.attestation, proofs.zeroKnowledge, proofs.parties];
  return Array.from({ length: count }, (_, index) => {
    const other = dear[Math.floor(index / 40)];
    if (index % 40 === 39 && other !== undefined) return { proof: other, statement };
    const each = fromHex(hashBytes('message', utf8(`settlement ${index}`)));
    const { address: signer } = index % 3 === 0 ? bob : alice;
    return { proof: { kind: 'cryptographic', signer, signature: alice.sign(each) }, statement: each };
  });
}

const tasks = manyTasks(300);
const expected = tasks.map((task) => judgeProof(task.proof, task.statement, trust));

describe('ProofThreads', () => {
  const started: ProofThreads[] = [];
  const start = (threadCount: number, module?: URL) => {
    const threads = new ProofThreads({ trust, threadCount, ...(module === undefined ? {} : { module }) });
    started.push(threads);
    return threads;
  };
  /** Starting a thread takes longer than all it does here, so most tests share two. */
  const pair = start(2);
  afterAll(() => Promise.all(started.map((threads) => threads.close())));

  it('judges as in line, in order, with two threads and without any', async () => {
    expect(expected.filter(({ ok }) => ok).length).toBeGreaterThan(100);
    expect(expected.filter(({ ok }) => !ok).length).toBeGreaterThan(90);
    const none = start(0);
    expect(await none.judge(tasks)).toEqual(expected);
    expect(none.threadCount).toBe(0);
    expect(await pair.judge(tasks)).toEqual(expected);
    expect(pair.threadCount).toBe(2);
  });

  it('judges several lists at a time', async () => {
    const lists = [tasks, tasks.slice(100), [], tasks.slice(0, 1), [...tasks].reverse()];
    const verdicts = await Promise.all(lists.map((list) => pair.judge(list)));
    expect(verdicts).toEqual([
      expected,
      expected.slice(100),
      [],
      expected.slice(0, 1),
      [...expected].reverse(),
    ]);
  });

  it('starts no thread for what is judged sooner in line', async () => {
    const own = start(1);
    const few = tasks.slice(0, Math.ceil(PARALLEL_GAS_MIN / proofGas(proofs.ed25519)) - 1);
    expect(await own.judge(few)).toEqual(expected.slice(0, few.length));
    expect(own.threadCount).toBe(0);
    await own.judge(tasks.slice(0, few.length + 1));
    expect(own.threadCount).toBe(1);
  });

  it('puts what was not known into the verdicts', async () => {
    const verdicts = new ProofVerdicts(trust);
    const wrong = { ok: false, reason: 'ZK_PROOF_INVALID' } as const;
    const [known] = tasks as [ProofTask];
    verdicts.set(known, wrong);
    await pair.fill(verdicts, tasks);
    for (const [index, task] of tasks.entries()) {
      expect(verdicts.has(task)).toBe(true);
      expect(verdicts.judge(task)).toEqual(index === 0 ? wrong : expected[index]);
    }
  });

  it('judges in line what a thread that died had', async () => {
    const module = new URL('data:text/javascript,process.exit(1)');
    const own = start(2, module);
    expect(await own.judge(tasks)).toEqual(expected);
    // And goes on so when no thread ever lives.
    for (let round = 0; round < 10; round += 1) {
      expect(await own.judge(tasks.slice(0, 100))).toEqual(expected.slice(0, 100));
    }
    expect(own.threadCount).toBe(0);
  });

  it('judges in line what was under way when it was closed, and what comes later', async () => {
    const own = start(2);
    const underWay = own.judge(tasks);
    await own.close();
    expect(await underWay).toEqual(expected);
    expect(await own.judge(tasks)).toEqual(expected);
    expect(own.threadCount).toBe(0);
  });
});

describe('batches', () => {
  it('hold all tasks in order, at most 64, and end behind a dear one', () => {
    const batches = cutBatches(tasks, 2);
    expect(batches.flat()).toEqual(tasks);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(PROOF_BATCH_MAX);
      for (const { proof } of batch.slice(0, -1)) expect(proofGas(proof)).toBeLessThan(4000);
    }
    const cheap = Array.from({ length: 130 }, () => ({ proof: proofs.ed25519, statement }));
    const lengths = (count: number, threadCount: number) =>
      cutBatches(cheap.slice(0, count), threadCount).map(({ length }) => length);
    expect(lengths(130, 1)).toEqual([64, 64, 2]);
    expect(lengths(21, 1)).toEqual([21]);
    expect(lengths(21, 2)).toEqual([11, 10]);
    expect(lengths(21, 4)).toEqual([6, 6, 6, 3]);
    expect(lengths(3, 8)).toEqual([1, 1, 1]);
    const dear = Array.from({ length: 3 }, () => ({ proof: proofs.attestation, statement }));
    expect(cutBatches(dear, 1).map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(cutBatches([], 2)).toEqual([]);
  });

  it('come back from their bytes', () => {
    const all = Object.values(proofs).flatMap((proof) => [
      { proof, statement },
      { proof, statement: otherStatement },
    ]);
    expect(decodeTasks(encodeTasks(all))).toEqual(all);
    const verdicts: readonly ProofVerdict[] = [
      { ok: true, notBeforeMs: Number.MIN_SAFE_INTEGER, notAfterMs: Number.MAX_SAFE_INTEGER },
      { ok: true, notBeforeMs: 0, notAfterMs: Date.UTC(2030, 1) },
      ...Object.keys(proofCodes).map((reason) => ({ ok: false, reason: reason as ProofFailure }) as const),
    ];
    expect(decodeVerdicts(encodeVerdicts(verdicts))).toEqual(verdicts);
  });
});
