/**
 * How fast a batch without proofs is executed, beside a bare loop that reads and writes the same balances on the same type of
 * map, and how long its block takes to become durable, beside a bare synced write of the same bytes. Rounds of all ways
 * alternate, and the quickest of each counts: what else a machine does only ever slows.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { type Hash, ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { stateWrites } from '../../node/core/store.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import { executeAtomicBatch } from '../../settlement/atomic/batch.ts';
import { createProofTrust } from '../../settlement/atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import type { AtomicBatchOperation, SettlementRequest } from '../../settlement/atomic/types.ts';
import { replaceAmount } from '../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../settlement/ledger/assets.ts';
import { accountsTable } from '../../settlement/ledger/tables.ts';
import type { Account } from '../../settlement/ledger/types.ts';
import { State } from '../../settlement/state.ts';
import { BenchChain, benchId } from './atomicWorld.ts';

const REQUEST_COUNT = 1000;
const ACCOUNT_COUNT = 100;
const EXECUTION_ROUNDS = 200;
const WRITE_ROUNDS = 40;
/** Bars of issue 6. */
const RATE_MIN = 300_000;
const BARE_RATIO_MAX = 3;
const DURABLE_RATIO_MAX = 1.5;

export interface ExecutionReport {
  /** Requests a second. */
  readonly rate: number;
  readonly bareRate: number;
  /** Time of the execution over that of the bare loop. */
  readonly overBare: number;
  readonly durable: {
    readonly bytes: number;
    /** From the rows of an executed batch to their being safe, the bare write of the same bytes, and the first with the execution. */
    readonly ms: number;
    readonly bareMs: number;
    readonly wholeMs: number;
    readonly overBare: number;
  };
}

export async function measureExecution(): Promise<ExecutionReport> {
  const world = new ExecutionWorld();
  let [us, bareUs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < EXECUTION_ROUNDS; round += 1) {
    const executionUs = usOf(() => void world.execute());
    us = Math.min(us, executionUs);
    const rows = world.copyOfRows();
    const moveUs = usOf(() => world.moveBare(rows));
    bareUs = Math.min(bareUs, moveUs);
  }
  const rate = (1e6 * REQUEST_COUNT) / us;
  const bareRate = (1e6 * REQUEST_COUNT) / bareUs;
  return { rate, bareRate, overBare: us / bareUs, durable: await measureDurable(world) };
}

export function printExecution({ rate, bareRate, overBare, durable }: ExecutionReport): void {
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'NOT MET');
  console.log(
    `a batch of ${REQUEST_COUNT} requests without proofs: ${rate.toFixed(0)} requests/s, a bare loop ${bareRate.toFixed(0)}, ` +
      `${overBare.toFixed(2)} times its time; at least ${RATE_MIN} or at most ${BARE_RATIO_MAX} times: ` +
      verdict(rate >= RATE_MIN || overBare <= BARE_RATIO_MAX),
  );
  const { bytes, ms, bareMs, wholeMs } = durable;
  console.log(
    `its rows durable, ${bytes} bytes: ${ms.toFixed(2)} ms, the bare synced write ${bareMs.toFixed(2)}, ` +
      `${durable.overBare.toFixed(2)} times its time; at most ${DURABLE_RATIO_MAX} times: ` +
      `${verdict(durable.overBare <= DURABLE_RATIO_MAX)} (with the execution ${wholeMs.toFixed(2)} ms)`,
  );
}

async function measureDurable(world: ExecutionWorld): Promise<ExecutionReport['durable']> {
  // Beside the program, as a node's data is: a folder for temporary files may be no disk.
  const directory = mkdtempSync(join(process.cwd(), '.bench-'));
  const store = await LevelStore.open({ directory: join(directory, 'node'), chainId: ZERO_HASH });
  const bare = new Level<string, Uint8Array>(join(directory, 'bare'), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  await bare.open();
  try {
    let [ms, bareMs, wholeMs] = [1, 1, 1].map(() => Number.POSITIVE_INFINITY) as [number, number, number];
    let bytes = 0;
    for (let round = 0; round < WRITE_ROUNDS; round += 1) {
      const startedMs = performance.now();
      const state = world.execute(round);
      const executedMs = performance.now();
      await store.apply(stateWrites(state.freeze()), true);
      const endMs = performance.now();
      const rows = stateWrites(state.top).flatMap(({ key, value }) =>
        value === undefined ? [] : [{ type: 'put' as const, key, value }],
      );
      bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      const bareStartedMs = performance.now();
      await bare.batch(rows, { sync: true });
      bareMs = Math.min(bareMs, performance.now() - bareStartedMs);
      ms = Math.min(ms, endMs - executedMs);
      wholeMs = Math.min(wholeMs, endMs - startedMs);
    }
    return { bytes, ms, bareMs, wholeMs, overBare: ms / bareMs };
  } finally {
    await store.close();
    await bare.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class ExecutionWorld {
  readonly #chain = new BenchChain();
  readonly #accounts = Array.from({ length: ACCOUNT_COUNT }, (_, index) =>
    this.#chain.account(`payer ${index}`),
  );

  readonly #verdicts = new ProofVerdicts(createProofTrust({}));
  /** By number. */
  readonly #operations = new Map<number, AtomicBatchOperation>();

  /** Executes a batch of its own for each number, on the same state. */
  execute(number = 0): State {
    const { genesis, base } = this.#chain;
    const state = new State([base]);
    const operation = this.#operation(number);
    const { ledger, atomic: rules, chainId } = genesis;
    const context = { chainId, ledger, rules, height: 1, timestampMs: 0, verdicts: this.#verdicts };
    const { result } = executeAtomicBatch(state, context, this.#accounts[0]?.address ?? '', operation);
    if (result !== 'ok') throw new Error(`the benchmark’s own batch fails: ${result}`);
    return state;
  }

  copyOfRows(): Map<string, Account> {
    return new Map(this.#chain.base.rows(accountsTable) as Map<string, Account>);
  }

  /** What no executor can do without: each balance read, changed and put back in a row of its own. */
  moveBare(rows: Map<string, Account>): void {
    const index = assetIndexOf(this.#chain.genesis.ledger, 'TNZO');
    for (const { from, to, amount } of this.#operation(0).batch.requests) {
      const payer = rows.get(from) as Account;
      rows.set(from, {
        ...payer,
        balances: replaceAmount(payer.balances, index, (payer.balances[index] ?? 0n) - amount),
      });
      const payee = rows.get(to) as Account;
      rows.set(to, {
        ...payee,
        balances: replaceAmount(payee.balances, index, (payee.balances[index] ?? 0n) + amount),
      });
    }
  }

  #operation(number: number): AtomicBatchOperation {
    const known = this.#operations.get(number);
    if (known !== undefined) return known;
    const addressOf = (index: number) => this.#accounts[index % ACCOUNT_COUNT]?.address ?? '';
    const requests = Array.from({ length: REQUEST_COUNT }, (_, index): SettlementRequest => {
      const settlementId: Hash = benchId('d', number * REQUEST_COUNT + index);
      const [from, to] = [addressOf(index), addressOf(index + 1 + (index % 3))];
      return { settlementId, from, to, amount: 10n ** 15n, asset: 'TNZO', kind: 'immediate', metadata: '' };
    });
    const operation: AtomicBatchOperation = {
      type: 'atomic_batch',
      batch: { batchId: benchId('b', number), expiresAtHeight: 10, requests },
      signers: this.#accounts
        .slice(1)
        .map(({ address }) => address)
        .sort(),
    };
    this.#operations.set(number, operation);
    return operation;
  }
}

function usOf(run: () => void): number {
  const startedMs = performance.now();
  run();
  return 1000 * (performance.now() - startedMs);
}
