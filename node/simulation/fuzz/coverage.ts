/**
 * What a fuzzed run has been through: fault kinds that started and rare branches that were taken, counted from the event
 * stream. A campaign that never hits one of them proves nothing about it, so it says so.
 */
import { faultKinds } from './faultKinds.ts';

/** How often each thing was seen, by name. */
export type Coverage = Readonly<Record<string, number>>;

/** A large number of seeds must hit all of these, and `fault.<kind>` of every kind that is drawn. */
export const rareBranches = [
  'view_nullified',
  'empty_window',
  'batch_reverted',
  'reverted.BAD_CERTIFICATE',
  'reverted.BAD_COMMITMENT',
  'reverted.BAD_QUOTE',
  'reverted.SLIPPAGE_EXCEEDED',
  'reverted.TRANSFER_TIMEOUT',
  'settlement_reorg',
  // The circuit breaker opened.
  'warning.SETTLEMENT_UNREACHABLE',
  'warning.STORE_CORRUPT',
  'warning.QUORUM_LOST',
  'batch_missed',
  'batch_superseded',
  'fee_bumped',
  'rescued',
  'slashed.missed_settlement',
  'slashed.equivocation',
  'equivocation_seen',
  'tombstoned',
  'jailed',
  'unjailed',
  'node_crashed',
  'disk_wiped',
  'node_restarted',
  'caught_up',
] as const;

/** Seeds from which a run is large enough that everything must have been hit. */
export const NIGHTLY_SEEDS = 1000;

/** Everything that a nightly run must hit. */
export function expectedHits(): string[] {
  return [...faultKinds.map(({ name }) => `fault.${name}`), ...rareBranches];
}

/** What was never hit. */
export function findMissed(coverage: Coverage): string[] {
  return expectedHits().filter((name) => (coverage[name] ?? 0) === 0);
}

export function addCoverage(sum: Record<string, number>, more: Coverage): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}

interface EventLine {
  readonly type: string;
  readonly node: string | null;
  readonly [field: string]: unknown;
}

/** A node that finalises this many blocks in one instant had them from a peer. */
const CAUGHT_UP_BLOCKS = 4;

/** Reads the event stream of one run as it comes. */
export class CoverageCounter {
  readonly #counts: Record<string, number> = {};
  /** Highest fee cap seen by batch, attempt and submitter. */
  readonly #fees = new Map<string, bigint>();
  /** Batches that were missed once. */
  readonly #missed = new Set<number>();
  #lastFinalized = '';
  #runLength = 0;

  get counts(): Coverage {
    return this.#counts;
  }

  count(name: string, times = 1): void {
    if (times > 0) this.#counts[name] = (this.#counts[name] ?? 0) + times;
  }

  /** A line of the stream. Those of ordinary blocks are passed over unread. */
  line(text: string): void {
    const typeAt = text.indexOf('"type":"block_finalized"');
    if (typeAt > 0) {
      this.#finalized(text.slice(0, typeAt));
      return;
    }
    if (text.includes('"type":"block_') || text.includes('"type":"transaction_executed"')) return;
    const event = JSON.parse(text) as EventLine;
    this.count(nameOf(event));
    if (event.type === 'batch_submitted') this.#submitted(event);
    if (event.type === 'batch_missed') this.#missed.add(Number(event.batch));
    if (event.type === 'batch_confirmed' && this.#missed.has(Number(event.batch))) this.count('rescued');
    if (event.type === 'node_crashed' && event.lose === 'all') this.count('disk_wiped');
  }

  /** @param prefix - Instant and node of the line: the same one again means several blocks at once. */
  #finalized(prefix: string): void {
    this.#runLength = prefix === this.#lastFinalized ? this.#runLength + 1 : 1;
    this.#lastFinalized = prefix;
    if (this.#runLength === CAUGHT_UP_BLOCKS) this.count('caught_up');
  }

  #submitted({ node, batch, attempt, fee_cap: feeCap }: EventLine): void {
    const key = `${String(node)}/${String(batch)}/${String(attempt)}`;
    const fee = BigInt(String(feeCap));
    const before = this.#fees.get(key);
    if (before !== undefined && fee > before) this.count('fee_bumped');
    this.#fees.set(key, fee);
  }
}

function nameOf(event: EventLine): string {
  switch (event.type) {
    case 'fault_started':
      return `fault.${faultName(event)}`;
    case 'slashed':
      return `slashed.${String(event.reason)}`;
    case 'warning':
      return `warning.${String(event.code)}`;
    default:
      return event.type;
  }
}

/** `settlement_chain.<kind>`, or the type: the words of faults/faults.ts. */
function faultName(event: EventLine): string {
  if (event.fault !== 'settlement_chain') return String(event.fault);
  const kind = Object.entries(event).find(([, value]) => value === true)?.[0];
  return `settlement_chain.${kind ?? 'unknown'}`;
}
