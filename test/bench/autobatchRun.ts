/**
 * One run of the comparison (autobatch.ts): a variant on a devnet of its own, measured by a process of its own. What the nodes
 * inherit of its environment is what the variant is.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { serverUrl, withPostgres } from '../helpers/queueServers.ts';

export const databaseTypes = ['psql', 'in-memory'] as const;
export type DatabaseType = (typeof databaseTypes)[number];

/**
 * `single`: the engine is off, so an order is a transaction of its own; `transfers`: plain transfers by nonce, without orders;
 * `engine`: orders joined into batches of at most `maxSize`.
 */
export type Variant =
  | { readonly kind: 'single' }
  | { readonly kind: 'transfers' }
  | { readonly kind: 'engine'; readonly maxSize: number };

/** The load, the same for every variant. */
export interface Load {
  readonly orders: number;
  readonly parties: number;
  /** Longest measurement, in ms; what is not confirmed by then does not count. */
  readonly limitMs: number;
  readonly database: DatabaseType;
}

export interface RunOrder extends Load {
  readonly kind: Variant['kind'];
}

export interface RunReport {
  /** Orders, or transfers, that a node took, were confirmed in time, and failed. */
  readonly taken: number;
  readonly confirmed: number;
  readonly failed: number;
  /** Over at the time limit, with orders left. */
  readonly isCut: boolean;
  /** From the first POST to the last answer, and to the last confirmation or the time limit, in ms. */
  readonly postMs: number;
  readonly totalMs: number;
  /** Confirmed a second of `totalMs`. */
  readonly perSecond: number;
  /** The same by the blocks between a tenth and nine tenths of what was confirmed, and by their own time; null: too few. */
  readonly steadyPerSecond: number | null;
  /** Blocks with orders: how many, their distance in ms, most and mean of orders. */
  readonly blocks: {
    readonly count: number;
    readonly distanceMs: number | null;
    readonly ordersMax: number;
    readonly ordersMean: number | null;
  };
  /** Views without a block, from the start of the chain: leaders that came too late, because the machine is too busy. */
  readonly nullifiedViews: number;
  /** Gas that the orders of those blocks took, of what a block may have; null where orders have none. */
  readonly gasShare: number | null;
  /** Transactions handed to the ledger. */
  readonly submissions: number;
  /** From a POST to its answer, and to the confirmation, in ms. */
  readonly answerMs: Percentiles;
  readonly confirmedMs: Percentiles;
  /** Processor time of all nodes, of the settlement chain, and of the client, in s; null where the system does not tell. */
  readonly cpuS: { readonly nodes: number | null; readonly chain: number | null; readonly client: number };
  /** Share of the machine's processors that was busy, whoever with. */
  readonly busyShare: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface RunFailure {
  readonly error: string;
}

/** @throws {Error} With what went wrong in the run. */
export async function runVariant(variant: Variant, load: Load): Promise<RunReport> {
  const isStored = variant.kind === 'engine' && load.database === 'psql';
  if (!isStored) return runWith(variant, load, '');
  const name = `sidereal_bench_${randomBytes(6).toString('hex')}`;
  await withPostgres((client) => client.query(`CREATE DATABASE "${name}"`));
  try {
    const url = new URL(serverUrl('postgres'));
    url.pathname = `/${name}`;
    return await runWith(variant, load, url.href);
  } finally {
    await withPostgres((client) => client.query(`DROP DATABASE "${name}" WITH (FORCE)`));
  }
}

async function runWith(variant: Variant, load: Load, databaseUrl: string): Promise<RunReport> {
  const env = { ...inherited(), ...environmentOf(variant, load, databaseUrl) };
  const child = fork(fileURLToPath(new URL('./autobatchRunProcess.js', import.meta.url)), { env });
  const told = once(child, 'message').then(([report]) => report as RunReport | RunFailure);
  const ended = once(child, 'exit').then(([code]): RunFailure => ({ error: `exit code ${code}` }));
  child.send({ ...load, kind: variant.kind } satisfies RunOrder);
  const report = await Promise.race([told, ended]);
  await ended;
  if ('error' in report) throw new Error(`a run failed: ${report.error}`);
  return report;
}

/** Without settings of the engine that somebody made for this shell. */
function inherited(): NodeJS.ProcessEnv {
  const names = Object.entries(process.env).filter(([name]) => !name.startsWith('AUTO_BATCH_'));
  return Object.fromEntries(names);
}

function environmentOf(variant: Variant, { database }: Load, url: string): NodeJS.ProcessEnv {
  if (variant.kind !== 'engine') return {};
  return {
    AUTO_BATCH_SWITCH: 'true',
    AUTO_BATCH_MAX_SIZE: String(variant.maxSize),
    AUTO_BATCH_DB_TYPE: database,
    ...(url === '' ? {} : { AUTO_BATCH_DB_URL: url }),
  };
}
