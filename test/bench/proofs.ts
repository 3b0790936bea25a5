/**
 * How fast proofs are judged: on worker threads, in line, and beside the bare verification of the same signatures in the same
 * process. Rounds of all ways alternate, and the quickest of each counts: what else a machine does only ever slows.
 */
import { fromHex, toHex, utf8 } from '../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { PARALLEL_GAS_MIN, ProofThreads } from '../../node/runtime/proofThreads.ts';
import { proofGas } from '../../settlement/atomic/proofs/proofGas.ts';
import { createProofTrust } from '../../settlement/atomic/proofs/proofTrust.ts';
import { proofSigningBytes, signStatement } from '../../settlement/atomic/proofs/signatureProof.ts';
import type { CryptographicProof, ProofTask } from '../../settlement/atomic/proofs/types.ts';

/** Two of the largest batches. */
const PROOF_COUNT = 2000;
const ROUNDS = 15;
/** Proofs of one list whose latency is compared. */
const latencyCounts = [1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64];
const LATENCY_ROUNDS = 100;
/** Bars of issue 6: two threads over one, and over the bare rate of one core. */
const PAIR_RATIO_MIN = 1.6;
const BARE_RATIO_MIN = 0.8;

interface SignatureTask extends ProofTask {
  readonly proof: CryptographicProof;
}

export interface ProofReport {
  /** Proofs a second. */
  readonly rates: Readonly<Record<'bare' | 'inLine' | 'oneThread' | 'twoThreads', number>>;
  readonly pairOverOne: number;
  readonly pairOverBare: number;
  readonly oneOverBare: number;
  /** Time of one list, in us, in line and on two threads that wait for it. */
  readonly latencies: readonly {
    readonly count: number;
    readonly inLineUs: number;
    readonly threadsUs: number;
  }[];
  /** Least gas of a list that comes back sooner from threads, of those that were measured. */
  readonly crossoverGas: number | undefined;
}

export async function measureProofs(): Promise<ProofReport> {
  const trust = createProofTrust({});
  const tasks = signatureTasks(PROOF_COUNT);
  const inLine = new ProofThreads({ trust, threadCount: 0 });
  const one = new ProofThreads({ trust, threadCount: 1, parallelGasMin: 0 });
  const pair = new ProofThreads({ trust, threadCount: 2, parallelGasMin: 0 });
  const ways = {
    bare: async () => verifyBare(tasks),
    inLine: async () => judgeAll(inLine, tasks),
    oneThread: async () => judgeAll(one, tasks),
    twoThreads: async () => judgeAll(pair, tasks),
  };
  // Once without counting: threads start, and the compiler sees the code.
  for (const run of Object.values(ways)) await run();
  const rates = { bare: 0, inLine: 0, oneThread: 0, twoThreads: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(ways) as [keyof typeof ways, () => Promise<void>][]) {
      rates[name] = Math.max(rates[name], (PROOF_COUNT / (await wallMsOf(run))) * 1000);
    }
  }
  const latencies = await measureLatencies(tasks, inLine, pair);
  await Promise.all([one.close(), pair.close()]);
  const gas = proofGas((tasks[0] as ProofTask).proof);
  const first = latencies.find(({ inLineUs, threadsUs }) => threadsUs < inLineUs);
  return {
    rates,
    pairOverOne: rates.twoThreads / rates.oneThread,
    pairOverBare: rates.twoThreads / rates.bare,
    oneOverBare: rates.oneThread / rates.bare,
    latencies,
    crossoverGas: first === undefined ? undefined : first.count * gas,
  };
}

export function printProofs(report: ProofReport): void {
  const { rates, pairOverOne, pairOverBare, oneOverBare, latencies, crossoverGas } = report;
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'NOT MET');
  console.log('ed25519 proofs a second');
  for (const [name, rate] of Object.entries(rates))
    console.log(`  ${name.padEnd(12)}${rate.toFixed(0).padStart(8)}`);
  console.log(
    `two threads over one: ${pairOverOne.toFixed(2)}; at least ${PAIR_RATIO_MIN}: ${verdict(pairOverOne >= PAIR_RATIO_MIN)}`,
  );
  console.log(
    `two threads over bare verification on one core: ${pairOverBare.toFixed(2)}, on two: ${(pairOverBare / 2).toFixed(2)}, ` +
      `one thread on one: ${oneOverBare.toFixed(2)}; at least ${BARE_RATIO_MIN}: ${verdict(oneOverBare >= BARE_RATIO_MIN && pairOverBare / 2 >= BARE_RATIO_MIN)}`,
  );
  console.log('one list, us   in line   on 2 threads');
  for (const { count, inLineUs, threadsUs } of latencies) {
    console.log(
      `${String(count).padStart(12)}${inLineUs.toFixed(0).padStart(10)}${threadsUs.toFixed(0).padStart(14)}`,
    );
  }
  console.log(
    `threads are quicker from ${crossoverGas ?? 'no measured'} gas on; proofs are judged in line below ${PARALLEL_GAS_MIN}`,
  );
}

function signatureTasks(count: number): readonly SignatureTask[] {
  return Array.from({ length: count }, (_, index) => {
    const secretKey = deriveSecretKey('bench', `account ${index % 100}`);
    const statement = fromHex(hashBytes('message', utf8(`settlement ${index}`)));
    const proof = {
      kind: 'cryptographic',
      signer: toHex(ed25519.publicKeyOf(secretKey)),
      signature: signStatement(secretKey, statement),
    } as const;
    return { proof, statement };
  });
}

function verifyBare(tasks: readonly SignatureTask[]): void {
  for (const { proof, statement } of tasks) {
    const isValid = ed25519.verify(fromHex(proof.signer), proofSigningBytes(statement), proof.signature);
    if (!isValid) throw new Error('the benchmark’s own signature does not hold');
  }
}

async function judgeAll(threads: ProofThreads, tasks: readonly ProofTask[]): Promise<void> {
  const verdicts = await threads.judge(tasks);
  if (!verdicts.every(({ ok }) => ok)) throw new Error('the benchmark’s own proof does not hold');
}

async function measureLatencies(tasks: readonly ProofTask[], inLine: ProofThreads, threads: ProofThreads) {
  const latencies: { readonly count: number; readonly inLineUs: number; readonly threadsUs: number }[] = [];
  for (const count of latencyCounts) {
    const list = tasks.slice(0, count);
    let inLineMs = Number.POSITIVE_INFINITY;
    let threadsMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < LATENCY_ROUNDS; round += 1) {
      inLineMs = Math.min(inLineMs, await wallMsOf(() => judgeAll(inLine, list)));
      threadsMs = Math.min(threadsMs, await wallMsOf(() => judgeAll(threads, list)));
    }
    latencies.push({ count, inLineUs: 1000 * inLineMs, threadsUs: 1000 * threadsMs });
  }
  return latencies;
}

async function wallMsOf(run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}
