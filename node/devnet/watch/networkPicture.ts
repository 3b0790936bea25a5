/**
 * What is known of a running network, gathered from its events, from what its nodes answer and from whoever runs their
 * processes; plain data for whoever shows it. Nothing here asks, waits or knows the time.
 */
import type { SettlementAnswer } from '../../api/ledgerRoutes.ts';
import type { StatusAnswer } from '../../api/statusRoutes.ts';
import type { EventLine } from '../../core/eventFields.ts';
import type { NetworkAnswer } from './nodePoll.ts';

/** Newest news kept: a tall terminal full. */
export const NEWS_KEPT = 50;
/** Events worth a line of their own; the rest is a figure. */
const newsTypes: ReadonlySet<string> = new Set([
  'empty_window',
  'batch_sealed',
  'batch_assigned',
  'batch_submitted',
  'batch_included',
  'batch_confirmed',
  'batch_reverted',
  'batch_missed',
  'slashed',
  'jailed',
  'unjailed',
  'tombstoned',
  'equivocation_seen',
  'settlement_reorg',
  'node_crashed',
  'node_restarted',
  'warning',
  'input_target_parked',
  'input_target_recovered',
  'input_storage_lost',
  'input_storage_back',
  'auto_batch_loop_failed',
]);

/** Whether an event is worth a line of its own. The first holder of a batch stands in its `batch_sealed`. */
export function isNews({ type, attempt }: EventLine): boolean {
  return newsTypes.has(type) && !(type === 'batch_assigned' && attempt === 1);
}
/** Heights of which state roots are compared: nodes that lag by more are compared where they are. */
const ROOT_HEIGHTS_KEPT = 256;

export type ProcessState = 'starting' | 'running' | 'paused' | 'exited' | 'stopped';

export interface NodePicture {
  readonly name: string;
  readonly process: ProcessState;
  /** Host instant of the next start of a process that died, in the launcher's ms. */
  readonly restartAtMs: number | undefined;
  /** Undefined: the API does not answer. */
  readonly status: StatusAnswer | undefined;
  readonly finalizedHeight: number | undefined;
  /** What others know of it as a validator. */
  readonly standing: NetworkAnswer['validators']['validators'][number] | undefined;
}

/** Whether nodes have the same state root at the same height; `unknown` where no two could be compared. */
export type Agreement = 'yes' | 'no' | 'unknown';

export interface PictureCounts {
  readonly missed: number;
  readonly slashed: number;
  readonly transactions: number;
  /** Of these, the ones that executed with an error. */
  readonly failed: number;
  readonly settled: number;
  readonly crashes: number;
}

export type SettledBatch = NetworkAnswer['batches']['batches'][number];

export interface NetworkPicture {
  readonly nodes: readonly NodePicture[];
  readonly agreement: Agreement;
  /** Name of the node that leads the newest view. */
  readonly leader: string | undefined;
  readonly settlement: SettlementAnswer | undefined;
  readonly newestSettled: SettledBatch | undefined;
  readonly counts: PictureCounts;
  /** Newest last. */
  readonly news: readonly EventLine[];
}

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

export class PictureKeeper {
  readonly #nodes: ReadonlyMap<string, Mutable<NodePicture>>;
  readonly #roots = new Map<number, Map<string, string>>();
  readonly #counts: Mutable<PictureCounts> = {
    missed: 0,
    slashed: 0,
    transactions: 0,
    failed: 0,
    settled: 0,
    crashes: 0,
  };
  readonly #news: EventLine[] = [];
  #disagreementHeight: number | undefined;
  #settlement: SettlementAnswer | undefined;
  #newestSettled: SettledBatch | undefined;

  constructor(names: readonly string[]) {
    this.#nodes = new Map(
      names.map((name) => [
        name,
        {
          name,
          process: 'starting',
          restartAtMs: undefined,
          status: undefined,
          finalizedHeight: undefined,
          standing: undefined,
        },
      ]),
    );
  }

  /** @param line - Of the merged stream: each fact once. */
  noteLine(line: EventLine): void {
    if (line.type === 'block_finalized') {
      this.#noteRoot(line.node ?? '', Number(line.height), String(line.state_root));
    }
    this.#count(line);
    if (!isNews(line)) return;
    this.#news.push(line);
    if (this.#news.length > NEWS_KEPT) this.#news.shift();
  }

  /** @param status - Undefined: the node does not answer. */
  noteStatus(name: string, status: StatusAnswer | undefined): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.status = status;
    if (status !== undefined) this.#noteRoot(name, status.finalized_height, status.state_root);
  }

  noteNetwork({ settlement, validators, batches }: NetworkAnswer): void {
    this.#settlement = settlement;
    this.#newestSettled = batches.batches.find(({ state }) => state === 'confirmed') ?? this.#newestSettled;
    for (const standing of validators.validators) {
      const node = this.#nodes.get(standing.name);
      if (node !== undefined) node.standing = standing;
    }
  }

  /** @param restartAtMs - Of a process that died and will be started again. */
  noteProcess(name: string, process: ProcessState, restartAtMs?: number): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.process = process;
    node.restartAtMs = restartAtMs;
    if (process !== 'exited' && process !== 'stopped') return;
    node.status = undefined;
    node.finalizedHeight = undefined;
  }

  picture(): NetworkPicture {
    return {
      nodes: [...this.#nodes.values()].map((node) => ({ ...node })),
      agreement: this.#agreement(),
      leader: this.#leader(),
      settlement: this.#settlement,
      newestSettled: this.#newestSettled,
      counts: { ...this.#counts },
      news: [...this.#news],
    };
  }

  #count({ type, result }: EventLine): void {
    const counts = this.#counts;
    if (type === 'batch_missed') counts.missed += 1;
    else if (type === 'slashed') counts.slashed += 1;
    else if (type === 'batch_confirmed') counts.settled += 1;
    else if (type === 'node_crashed') counts.crashes += 1;
    else if (type === 'transaction_executed') {
      counts.transactions += 1;
      if (result !== 'ok') counts.failed += 1;
    }
  }

  #noteRoot(name: string, height: number, root: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    // An answer may be older than what the stream has told since.
    node.finalizedHeight = Math.max(node.finalizedHeight ?? 0, height);
    let roots = this.#roots.get(height);
    if (roots === undefined) {
      roots = new Map();
      this.#roots.set(height, roots);
    }
    roots.set(name, root);
    if (new Set(roots.values()).size > 1) this.#disagreementHeight ??= height;
    if (this.#roots.size > ROOT_HEIGHTS_KEPT) this.#roots.delete(Math.min(...this.#roots.keys()));
  }

  /** Once two roots of one height differed, nothing mends it. */
  #agreement(): Agreement {
    if (this.#disagreementHeight !== undefined) return 'no';
    for (const roots of this.#roots.values()) if (roots.size > 1) return 'yes';
    return 'unknown';
  }

  #leader(): string | undefined {
    let newest: StatusAnswer | undefined;
    for (const { status } of this.#nodes.values()) {
      if (status !== undefined && status.view > (newest?.view ?? 0)) newest = status;
    }
    return newest?.leader;
  }
}
