/**
 * A short part of a run, for drawing: who made which block, when it was final on each node, and how batches went to the
 * settlement chain and back. It begins with the run, or a little before the first thing that goes wrong. Follows the
 * lines of events.ndjson, so it serves both engines; memory is bounded by the length of the part.
 */

/** Events kept of one part; what comes behind is left out. */
const EVENTS_MAX = 20_000;
/** Blocks shown at least, and, unless a window is longer, at most. */
const BLOCKS_MIN = 15;
const BLOCKS_MAX = 40;
/** Windows shown, where that many blocks have room. */
const WINDOWS = 3;

/** What tells that something goes wrong. */
const troubles: readonly string[] = [
  'fault_started',
  'node_crashed',
  'batch_missed',
  'batch_reverted',
  'slashed',
  'equivocation_seen',
  'settlement_reorg',
];

export interface ExcerptBlock {
  readonly height: number;
  readonly leader: string;
  /** When its leader sent it. */
  readonly proposedAtMs: number;
}

export interface ExcerptBatch {
  readonly seq: number;
  readonly fromHeight: number;
  readonly toHeight: number;
  /** When the sealing block was final on the first node. */
  readonly sealedAtMs: number;
}

/** Something at one node, or of the network where `node` is null. */
export interface ExcerptMoment {
  readonly atMs: number;
  readonly node: string | null;
}

export interface ExcerptSettlement {
  readonly seq: number;
  readonly settlementHeight: number;
  readonly settler: string | null;
  /** Block whose finality confirmed it, once it did. */
  readonly confirmedAtHeight: number | undefined;
  readonly confirmedAtMs: number | undefined;
}

export interface ExcerptSpan {
  /** Type of the fault. */
  readonly name: string;
  readonly node: string | null;
  readonly fromMs: number;
  /** Undefined: it lasts beyond the part. */
  readonly toMs: number | undefined;
}

export interface RunExcerpt {
  readonly fromMs: number;
  readonly toMs: number;
  /** What made this part the one that is shown; undefined: it is the beginning. */
  readonly trouble: string | undefined;
  readonly blocks: readonly ExcerptBlock[];
  readonly finals: readonly (ExcerptMoment & { readonly height: number })[];
  readonly batches: readonly ExcerptBatch[];
  readonly submissions: readonly (ExcerptMoment & { readonly seq: number; readonly attempt: number })[];
  readonly settlementBlocks: readonly { readonly height: number; readonly atMs: number }[];
  readonly settlements: readonly ExcerptSettlement[];
  /** Missed duties, reverts, slashes: `node` is who had the duty or lost the stake. */
  readonly failures: readonly (ExcerptMoment & { readonly what: string; readonly seq: number | undefined })[];
  readonly faults: readonly ExcerptSpan[];
}

export interface ExcerptOptions {
  readonly batchSize: number;
  readonly blockTimeMs: number;
  readonly settlementBlockTimeMs: number;
  readonly submissionDeadlineBlocks: number;
  /** Something may go wrong: the part waits for it, until the run is over. */
  readonly expectsTrouble: boolean;
}

interface EventLine {
  readonly t: number;
  readonly node: string | null;
  readonly type: string;
  readonly [field: string]: unknown;
}

export class ExcerptRecorder {
  readonly #lengthMs: number;
  readonly #leadMs: number;
  readonly #troubleMs: number;
  readonly #expectsTrouble: boolean;
  /** The beginning of the run. */
  readonly #head: string[] = [];
  /** The newest lines, in case something goes wrong with the next. */
  #recent: { readonly atMs: number; readonly line: string }[] = [];
  #trouble: { readonly type: string; readonly fromMs: number; readonly lines: string[] } | undefined;
  #reachedMs = 0;

  constructor(options: ExcerptOptions) {
    const { batchSize, blockTimeMs, settlementBlockTimeMs, submissionDeadlineBlocks } = options;
    const blocks = Math.min(
      Math.max(WINDOWS * batchSize, BLOCKS_MIN),
      Math.max(BLOCKS_MAX, batchSize + BLOCKS_MIN),
    );
    this.#lengthMs = blocks * blockTimeMs + 2 * settlementBlockTimeMs;
    this.#leadMs = Math.min(batchSize, BLOCKS_MIN) * blockTimeMs;
    // From the fault on: the batch it hinders, its deadline, and the settlement by somebody else.
    this.#troubleMs = Math.max(
      this.#lengthMs,
      this.#leadMs + batchSize * blockTimeMs + (submissionDeadlineBlocks + 3) * settlementBlockTimeMs,
    );
    this.#expectsTrouble = options.expectsTrouble;
  }

  /** All that will be shown is there: later events change nothing. */
  get isComplete(): boolean {
    if (this.#trouble !== undefined) return this.#reachedMs > this.#trouble.fromMs + this.#troubleMs;
    return !this.#expectsTrouble && this.#reachedMs > this.#lengthMs;
  }

  /** @param line - Of events.ndjson, in order. */
  event(line: string): void {
    if (this.isComplete) return;
    const atMs = Number.parseInt(line.slice('{"t":'.length), 10);
    this.#reachedMs = atMs;
    if (this.isComplete || isDull(line)) return;
    if (this.#trouble !== undefined) {
      if (this.#trouble.lines.length < EVENTS_MAX) this.#trouble.lines.push(line);
      return;
    }
    if (atMs <= this.#lengthMs && this.#head.length < EVENTS_MAX) this.#head.push(line);
    this.#recent.push({ atMs, line });
    const type = typeOf(line);
    if (type !== undefined && troubles.includes(type)) {
      const lines = this.#recent.filter((each) => each.atMs >= atMs - this.#leadMs).map((each) => each.line);
      this.#trouble = { type, fromMs: Math.max(0, atMs - this.#leadMs), lines };
      this.#recent = [];
    } else if (this.#recent.length > EVENTS_MAX) this.#dropOld(atMs);
  }

  finish(): RunExcerpt {
    const fromMs = this.#trouble?.fromMs ?? 0;
    const lengthMs = this.#trouble === undefined ? this.#lengthMs : this.#troubleMs;
    const toMs = Math.min(fromMs + lengthMs, Math.max(this.#reachedMs, fromMs + 1));
    const lines = (this.#trouble?.lines ?? this.#head).map((line) => JSON.parse(line) as EventLine);
    return excerptOf(lines, { fromMs, toMs, trouble: this.#trouble?.type });
  }

  #dropOld(atMs: number): void {
    const kept = this.#recent.filter((each) => each.atMs >= atMs - this.#leadMs);
    this.#recent = kept.slice(-EVENTS_MAX / 2);
  }
}

/** What every block makes many of and no picture shows. */
function isDull(line: string): boolean {
  const type = typeOf(line);
  return type === 'block_notarized' || type === 'transaction_executed' || type === 'completion_gossiped';
}

/** Lines begin with `t`, `node` and `type`, and a name holds no quote. */
function typeOf(line: string): string | undefined {
  return /^\{"t":-?\d+,"node":(?:null|"[^"]*"),"type":"([a-z_]+)"/.exec(line)?.[1];
}

function excerptOf(
  lines: readonly EventLine[],
  span: Pick<RunExcerpt, 'fromMs' | 'toMs' | 'trouble'>,
): RunExcerpt {
  const of = (type: string): EventLine[] => lines.filter((line) => line.type === type);
  return {
    ...span,
    blocks: of('block_proposed').map(({ t, node, height }) => ({
      height: Number(height),
      leader: String(node),
      proposedAtMs: t,
    })),
    finals: of('block_finalized').map(({ t, node, height }) => ({ atMs: t, node, height: Number(height) })),
    batches: of('batch_sealed').map(({ t, batch, from_height, to_height }) => ({
      seq: Number(batch),
      fromHeight: Number(from_height),
      toHeight: Number(to_height),
      sealedAtMs: t,
    })),
    submissions: of('batch_submitted').map(({ t, node, batch, attempt }) => ({
      atMs: t,
      node,
      seq: Number(batch),
      attempt: Number(attempt),
    })),
    settlementBlocks: of('settlement_block').map(({ t, height }) => ({ height: Number(height), atMs: t })),
    settlements: settlementsOf(of('batch_included'), of('batch_confirmed')),
    failures: lines.flatMap(failureOf),
    faults: spansOf(lines),
  };
}

/** Seen by the settler, and derived by everybody: either tells where the batch was settled. */
function settlementsOf(
  included: readonly EventLine[],
  confirmed: readonly EventLine[],
): readonly ExcerptSettlement[] {
  const settlements = new Map<number, ExcerptSettlement>();
  for (const { node, batch, settlement_height } of included) {
    settlements.set(Number(batch), {
      seq: Number(batch),
      settlementHeight: Number(settlement_height),
      settler: node,
      confirmedAtHeight: undefined,
      confirmedAtMs: undefined,
    });
  }
  for (const { t, height, batch, settlement_height, settler } of confirmed) {
    settlements.set(Number(batch), {
      seq: Number(batch),
      settlementHeight: Number(settlement_height),
      settler: typeof settler === 'string' ? settler : null,
      confirmedAtHeight: Number(height),
      confirmedAtMs: t,
    });
  }
  return [...settlements.values()].sort((one, other) => one.seq - other.seq);
}

function failureOf({ t, type, batch, ...fields }: EventLine): RunExcerpt['failures'] {
  const who = type === 'slashed' ? fields.validator : fields.proposer;
  if (type !== 'slashed' && type !== 'batch_missed' && type !== 'batch_reverted') return [];
  return [
    {
      atMs: t,
      node: typeof who === 'string' ? who : null,
      what: type.replace('batch_', ''),
      seq: typeof batch === 'number' ? batch : undefined,
    },
  ];
}

/** Each beginning with the end that belongs to it: faults of one kind on one node end in the order in which they began. */
function spansOf(lines: readonly EventLine[]): readonly ExcerptSpan[] {
  const spans: (ExcerptSpan & { toMs: number | undefined })[] = [];
  for (const { t, node, type, fault } of lines) {
    const name = String(fault);
    if (type === 'fault_started') spans.push({ name, node, fromMs: t, toMs: undefined });
    if (type !== 'fault_ended') continue;
    const open = spans.find((span) => span.name === name && span.node === node && span.toMs === undefined);
    if (open !== undefined) open.toMs = t;
  }
  return spans;
}
