/** One node core that a test talks to by hand: nobody answers it, and its outputs are the test's to read. */
import type { Block } from '../../consensus/block.ts';
import type { Vote } from '../../consensus/vote.ts';
import type { NodeEvent } from '../../node/core/events.ts';
import { decodeVotes } from '../../node/core/messages.ts';
import type { NodeCore } from '../../node/core/nodeCore.ts';
import type { Output, RecoveredRow, SettlementAnswer, TimerId, Topic } from '../../node/core/types.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';

type OutputOf<Type extends Output['type']> = Extract<Output, { readonly type: Type }>;

export class LoneCore {
  readonly core: NodeCore;
  readonly outputs: Output[] = [];
  readonly rows = new Map<string, Uint8Array>();
  nowMs: number;

  constructor(
    core: NodeCore,
    start: {
      readonly nowMs: number;
      readonly peers?: readonly number[];
      readonly rows?: readonly RecoveredRow[];
      readonly settlement: readonly SettlementBlock[];
    },
  ) {
    this.core = core;
    this.nowMs = start.nowMs;
    const { nowMs, rows: recovered = [], peers = [] } = start;
    for (const { key, value } of recovered) this.rows.set(key, value);
    this.#take(core.handle({ type: 'started', nowMs, recovered, peers }));
    for (const block of start.settlement) this.settlementBlock(block);
  }

  message(topic: Topic, bytes: Uint8Array): OutputOf<'verdict'> | undefined {
    const { nowMs } = this;
    const outputs = this.#take(this.core.handle({ type: 'message', nowMs, topic, from: 1, bytes }));
    return outputs.find((output) => output.type === 'verdict');
  }

  fire(id: TimerId, nowMs: number): void {
    this.nowMs = nowMs;
    this.#take(this.core.handle({ type: 'timerFired', nowMs, id }));
  }

  settlementAnswer(requestId: number, answer: SettlementAnswer): void {
    const { nowMs } = this;
    this.#take(this.core.handle({ type: 'settlementAnswer', nowMs, requestId, answer }));
  }

  settlementBlock(block: SettlementBlock): void {
    this.#take(this.core.handle({ type: 'settlementBlock', nowMs: this.nowMs, block }));
  }

  /** Every vote it published beside its proposals. */
  get votes(): readonly Vote[] {
    return this.of('publish').flatMap(({ topic, bytes }) => {
      const decoded = topic === 'votes' ? decodeVotes(bytes) : undefined;
      return decoded?.ok ? decoded.value.votes : [];
    });
  }

  hasNotarized(block: Block): boolean {
    return this.votes.some(({ kind, blockHash }) => kind === 'notarize' && blockHash === block.hash);
  }

  events<Type extends NodeEvent['type']>(type: Type): Extract<NodeEvent, { readonly type: Type }>[] {
    return this.of('emit').flatMap(({ event }) =>
      event.type === type ? [event as Extract<NodeEvent, { readonly type: Type }>] : [],
    );
  }

  of<Type extends Output['type']>(type: Type): OutputOf<Type>[] {
    return this.outputs.filter((output): output is OutputOf<Type> => output.type === type);
  }

  #take(outputs: readonly Output[]): readonly Output[] {
    this.outputs.push(...outputs);
    for (const { writes } of outputs.filter((output) => output.type === 'persist')) {
      for (const { key, value } of writes) {
        if (value === undefined) this.rows.delete(key);
        else this.rows.set(key, value);
      }
    }
    return outputs;
  }
}
