/**
 * Asks every node how it is, again and again, each at its own pace: one that is down, paused or slow holds nobody up. What
 * all nodes agree on is asked of the one that is furthest.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchesAnswer } from '../../api/batchRoutes.ts';
import type { SettlementAnswer, ValidatorsAnswer } from '../../api/ledgerRoutes.ts';
import type { StatusAnswer } from '../../api/statusRoutes.ts';
import { getJson } from '../apiClient.ts';

/** Pause between two questions to one node, in ms; many nodes are asked less often each, so that asking stays cheap. */
const INTERVAL_MS = 1000;
const NODES_A_SECOND = 8;
/** A node that does not answer for this long counts as silent, in ms. */
const TIMEOUT_MS = 2000;
/** Batches looked at for the newest settled one. */
const BATCHES_ASKED = 10;

/** What the network as a whole has come to, as one node tells it. */
export interface NetworkAnswer {
  readonly settlement: SettlementAnswer;
  readonly validators: ValidatorsAnswer;
  readonly batches: BatchesAnswer;
}

export interface PollSink {
  /** Undefined: the node does not answer. */
  readonly onStatus: (node: string, status: StatusAnswer | undefined) => void;
  readonly onNetwork: (answer: NetworkAnswer) => void;
}

interface PolledNode {
  readonly name: string;
  readonly api: string;
}

export interface PollOptions {
  readonly nodes: readonly PolledNode[];
  /** Pause between two questions to one node, in ms. */
  readonly intervalMs?: number;
}

export class NodePoll {
  readonly #nodes: readonly PolledNode[];
  readonly #intervalMs: number;
  readonly #sink: PollSink;
  readonly #stop = new AbortController();
  readonly #finalizedHeights = new Map<string, number>();
  #running: Promise<unknown> | undefined;

  constructor(options: PollOptions, sink: PollSink) {
    this.#nodes = options.nodes;
    this.#intervalMs =
      options.intervalMs ?? Math.max(INTERVAL_MS, (options.nodes.length * 1000) / NODES_A_SECOND);
    this.#sink = sink;
    // Each node's loop has one request or one pause under way, the network's loop three.
    setMaxListeners(options.nodes.length + 4, this.#stop.signal);
  }

  start(): void {
    const loops = [...this.#nodes.map((node) => () => this.#askNode(node)), () => this.#askNetwork()];
    this.#running ??= Promise.all(loops.map((ask) => this.#repeat(ask)));
  }

  /** Resolves when nothing more will be told. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #repeat(ask: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await ask();
      await sleep(this.#intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #askNode({ name, api }: PolledNode): Promise<void> {
    const status = await this.#ask<StatusAnswer>(api, '/status');
    if (this.#stop.signal.aborted) return;
    if (status === undefined) this.#finalizedHeights.delete(name);
    else this.#finalizedHeights.set(name, status.finalized_height);
    this.#sink.onStatus(name, status);
  }

  async #askNetwork(): Promise<void> {
    const [furthest] = [...this.#finalizedHeights].sort(([, a], [, b]) => b - a);
    const api = this.#nodes.find(({ name }) => name === furthest?.[0])?.api;
    if (api === undefined) return;
    const [settlement, validators, batches] = await Promise.all([
      this.#ask<SettlementAnswer>(api, '/settlement'),
      this.#ask<ValidatorsAnswer>(api, '/validators'),
      this.#ask<BatchesAnswer>(api, `/batches?limit=${BATCHES_ASKED}`),
    ]);
    if (this.#stop.signal.aborted) return;
    if (settlement === undefined || validators === undefined || batches === undefined) return;
    this.#sink.onNetwork({ settlement, validators, batches });
  }

  async #ask<Answer>(api: string, path: string): Promise<Answer | undefined> {
    try {
      return (await getJson(api, path, {
        timeoutMs: TIMEOUT_MS,
        signal: this.#stop.signal,
      })) as unknown as Answer;
    } catch {
      return undefined;
    }
  }
}
