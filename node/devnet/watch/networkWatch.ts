/**
 * Watches a running network through the HTTP APIs of its nodes: one stream of events, and a picture that stays true. Works
 * for any network, from its start or later on.
 */
import type { EventLine } from '../../core/eventFields.ts';
import { EventFeed } from './eventFeed.ts';
import { EventMerge } from './eventMerge.ts';
import { type NetworkPicture, PictureKeeper, type ProcessState } from './networkPicture.ts';
import { NodePoll } from './nodePoll.ts';

export interface NetworkWatchOptions {
  readonly nodes: readonly { readonly name: string; readonly api: string }[];
  /** Time in ms after genesis, for lines that no node tells. */
  readonly now: () => number;
  /** Each event once; of what nodes tell of themselves, each node's. */
  readonly onLine: (line: EventLine) => void;
}

export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  readonly #merge = new EventMerge();
  readonly #keeper: PictureKeeper;
  readonly #feeds: readonly EventFeed[];
  readonly #poll: NodePoll;

  constructor(options: NetworkWatchOptions) {
    const { nodes } = options;
    this.#options = options;
    this.#keeper = new PictureKeeper(nodes.map(({ name }) => name));
    const sink = {
      onLine: (line: EventLine) => {
        if (this.#merge.accept(line)) this.noteLine(line);
      },
      onLost: (node: string) => {
        const message = 'events were lost on the way here: the node kept fewer than came at once';
        this.noteLine({ t: this.#now(), node, type: 'warning', code: 'EVENTS_LOST', message });
      },
    };
    this.#feeds = nodes.map((node) => new EventFeed(node, sink));
    this.#poll = new NodePoll(
      { nodes },
      {
        onStatus: (name, status) => this.#keeper.noteStatus(name, status),
        onNetwork: (answer) => this.#keeper.noteNetwork(answer),
      },
    );
  }

  start(): void {
    for (const feed of this.#feeds) feed.start();
    this.#poll.start();
  }

  /** Resolves when nothing more will be told. */
  async stop(): Promise<void> {
    await Promise.all([...this.#feeds.map((feed) => feed.stop()), this.#poll.stop()]);
  }

  picture(): NetworkPicture {
    return this.#keeper.picture();
  }

  /** An event that no node tells: what became of a process. */
  noteLine(line: EventLine): void {
    this.#keeper.noteLine(line);
    this.#options.onLine(line);
  }

  /** @param restartAtMs - Of a process that died and will be started again. */
  noteProcess(name: string, state: ProcessState, restartAtMs?: number): void {
    this.#keeper.noteProcess(name, state, restartAtMs);
  }

  #now(): number {
    return Math.floor(this.#options.now());
  }
}
