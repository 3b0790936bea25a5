/**
 * A running node as the HTTP API sees it: the driver takes what changes something, the core answers what is asked, and
 * whatever happens goes into the event log and the log file.
 */
import type { TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { EventLog } from '../api/eventLog.ts';
import type { NodeLogger } from '../api/logger.ts';
import type { NodeView, SubmissionVerdict } from '../api/nodeView.ts';
import type { SidechainPort } from '../batcher/adapters/sidechainPort.ts';
import type { NodeEvent } from '../core/events.ts';
import type { NodeCore } from '../core/nodeCore.ts';
import type { NodeReader } from '../core/reader.ts';
import type { Input, Output } from '../core/types.ts';
import type { Counters } from '../runtime/counters.ts';
import type { NodeRuntime } from '../runtime/nodeRuntime.ts';
import type { Clock } from '../runtime/systemClock.ts';

export interface RuntimeViewParts {
  readonly self: ValidatorIndex;
  readonly version: string;
  /** Undefined where the node holds no operator's key. */
  readonly operator: Signer | undefined;
  readonly core: NodeCore;
  readonly runtime: NodeRuntime;
  readonly network: { readonly connected: readonly ValidatorIndex[]; readonly counters: Counters };
  readonly clock: Clock;
  /** Asks whoever runs this node to start it anew. */
  readonly restart?: (() => void) | undefined;
}

export class RuntimeView implements NodeView {
  readonly self: ValidatorIndex;
  readonly version: string;
  readonly operator: Signer | undefined;
  readonly restart: (() => void) | undefined;
  readonly #parts: RuntimeViewParts;

  /** @param parts - Of a node that has started: before that the core has nothing to show. */
  constructor(parts: RuntimeViewParts) {
    this.self = parts.self;
    this.version = parts.version;
    this.operator = parts.operator;
    this.restart = parts.restart;
    this.#parts = parts;
  }

  reader(): NodeReader {
    return this.#parts.core.reader();
  }

  nowMs(): TimeMs {
    return this.#parts.clock.now();
  }

  peers(): readonly ValidatorIndex[] {
    return this.#parts.network.connected;
  }

  submit(bytes: Uint8Array): Promise<SubmissionVerdict> {
    return this.#parts.runtime.submit(bytes, { gossip: true });
  }

  pauseSettlement(isPaused: boolean): Promise<void> {
    return this.#parts.runtime.pauseSettlement(isPaused);
  }

  counters(): Readonly<Record<string, number>> {
    return this.#parts.network.counters.snapshot();
  }
}

/** The node as the `sidechain` target of the batcher in its process sees it. */
export function sidechainPortOf(
  view: Pick<NodeView, 'reader' | 'submit'>,
  tap: Pick<EventTap, 'onFinalized'>,
): SidechainPort {
  return {
    submit: (bytes) => view.submit(bytes),
    reader: () => view.reader(),
    onFinalized: (listener) => tap.onFinalized(listener),
  };
}

/** What a core emits and which settlement blocks it is given, told to readers of events and to the log. */
export class EventTap {
  readonly #events: EventLog;
  readonly #logger: NodeLogger;
  readonly #clock: Clock;
  readonly #finalityListeners = new Set<() => void>();

  constructor(events: EventLog, logger: NodeLogger, clock: Clock) {
    this.#events = events;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** For the driver's `onEvent`. */
  readonly onEvent = (event: NodeEvent): void => {
    this.#events.noteEvent(Math.floor(this.#clock.now()), event);
    this.#logger.event(event);
    if (event.type === 'block_finalized') for (const listener of this.#finalityListeners) listener();
  };

  /** Calls back after each block that is final and on disk here. @returns Ends it. */
  onFinalized(listener: () => void): () => void {
    this.#finalityListeners.add(listener);
    return () => this.#finalityListeners.delete(listener);
  }

  /** The core for the driver: hands everything on. */
  around(core: Pick<NodeCore, 'handle' | 'status'>): Pick<NodeCore, 'handle' | 'status'> {
    return {
      status: () => core.status(),
      handle: (input: Input): readonly Output[] => {
        if (input.type === 'settlementBlock') {
          this.#events.noteSettlementBlock(Math.floor(input.nowMs), input.block);
        }
        return core.handle(input);
      },
    };
  }
}
