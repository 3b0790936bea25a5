/**
 * Calls of nodes to the settlement chain: a transaction handed over, or the question where one is. Each is carried out,
 * or not, or both fails and is carried out; and each is answered exactly once, if by a time-out. A process that comes
 * after the one that called never sees the answer.
 */
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { Random } from '../../../consensus/primitives/random.ts';
import type { Input, Output, SettlementAnswer } from '../../core/types.ts';
import type { SettlementChainFault } from '../../scenario/types.ts';
import type { EventQueue } from '../eventQueue.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { Links } from '../network/links.ts';
import type { SettlementChain } from './settlementChain.ts';
import type { SettlementWatch } from './settlementWatch.ts';

/** A call without an answer has failed after this long, in ms: less than half a settlement block. */
export const CALL_TIMEOUT_MS = 2_000;
/** Bytes of a question, and of any answer: too few to queue anywhere. */
const SMALL_BYTES = 200;
/** Share of failed calls that were carried out all the same. */
const CARRIED_OUT_CHANCE = 0.5;

type CallOutput = Extract<Output, { readonly type: 'submitSettlement' | 'askSettlement' }>;
export type CallFault = Extract<SettlementChainFault, { readonly probability: number }>['kind'];

export interface SettlementCallsDependencies {
  readonly chain: SettlementChain;
  readonly queue: EventQueue;
  readonly links: Links;
  readonly deliver: (node: SimulatedNode, input: Input) => void;
  /** Told of every transaction that reaches the chain; undefined where nothing can be wrong with any. */
  readonly watch: SettlementWatch | undefined;
  /** The chain refused a transaction. */
  readonly refused: (code: string) => void;
  /** Drawn from while calls fail, never otherwise. */
  readonly random: Random;
}

/** A call under way. */
interface Call {
  readonly node: SimulatedNode;
  readonly incarnation: number;
  readonly requestId: number;
  readonly sentMs: TimeMs;
  isAnswered: boolean;
}

export class SettlementCalls {
  readonly #dependencies: SettlementCallsDependencies;
  /** Probabilities of the faults that are on. */
  readonly #chances = new Map<CallFault, number[]>();

  constructor(dependencies: SettlementCallsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Turns a fault on or off; of several of one kind the likeliest counts. */
  change(kind: CallFault, probability: number, on: boolean): void {
    const chances = this.#chances.get(kind) ?? [];
    if (on) chances.push(probability);
    else chances.splice(chances.indexOf(probability), 1);
    if (chances.length > 0) this.#chances.set(kind, chances);
    else this.#chances.delete(kind);
  }

  /** Some calls fail, or are not answered. */
  get isFailing(): boolean {
    return (
      this.#chances.has('rpc_errors') ||
      this.#chances.has('rpc_timeouts') ||
      this.#chances.has('lose_receipts')
    );
  }

  /** A node's honest core calls. */
  make(node: SimulatedNode, output: CallOutput): void {
    const call: Call = {
      node,
      incarnation: node.incarnation,
      requestId: output.requestId,
      sentMs: this.#dependencies.queue.nowMs,
      isAnswered: false,
    };
    if (this.#chances.size === 0) {
      this.#carry(call, output, true);
      return;
    }
    const isRepeated = this.#strikes('duplicate_delivery');
    if (this.#strikes('rpc_errors')) {
      this.#answerAt(call.sentMs, call, { type: 'failed' });
      this.#carryMaybe(call, output);
    } else if (this.#strikes('rpc_timeouts')) {
      this.#timeOut(call);
      this.#carryMaybe(call, output);
    } else this.#carry(call, output, !this.#strikes('lose_receipts'));
    if (isRepeated) this.#carry(call, output, false);
  }

  /** Something around the core kept the call back: it is to believe that all went well. */
  pretend(node: SimulatedNode, { requestId, type }: CallOutput): void {
    const { nowMs } = this.#dependencies.queue;
    const call: Call = {
      node,
      incarnation: node.incarnation,
      requestId,
      sentMs: nowMs,
      isAnswered: false,
    };
    const answer: SettlementAnswer =
      type === 'submitSettlement' ? { type: 'accepted' } : { type: 'standing', standing: 'waiting' };
    this.#answerAt(nowMs + 1, call, answer);
  }

  /** Somebody around a core hands over a transaction of its own, and waits for no answer. */
  submit(from: SimulatedNode, bytes: Uint8Array): void {
    const { links, queue } = this.#dependencies;
    links.carry(from.index, links.chain, bytes.length, queue.nowMs, (atMs) =>
      queue.scheduleAction(atMs, () => {
        if (!links.isCut(from.index, links.chain)) this.#submit(bytes);
      }),
    );
  }

  #strikes(kind: CallFault): boolean {
    const chances = this.#chances.get(kind);
    return chances !== undefined && this.#dependencies.random.chance(Math.max(...chances));
  }

  #carryMaybe(call: Call, output: CallOutput): void {
    if (this.#dependencies.random.chance(CARRIED_OUT_CHANCE)) this.#carry(call, output, false);
  }

  /** @param isHeard - Whether the caller gets the answer, if nothing else goes wrong. */
  #carry(call: Call, output: CallOutput, isHeard: boolean): void {
    const { links, queue } = this.#dependencies;
    const { index } = call.node;
    let isUnderWay = false;
    const byteCount = output.type === 'submitSettlement' ? output.bytes.length : SMALL_BYTES;
    links.carry(index, links.chain, byteCount, call.sentMs, (atMs) => {
      isUnderWay = true;
      queue.scheduleAction(atMs, () => {
        if (links.isCut(index, links.chain)) this.#timeOut(call);
        else {
          const answer = this.#carryOut(call.node, output);
          if (isHeard) this.#carryBack(call, answer);
          else this.#timeOut(call);
        }
      });
    });
    if (!isUnderWay) this.#timeOut(call);
  }

  #carryOut(node: SimulatedNode, output: CallOutput): SettlementAnswer {
    if (output.type === 'submitSettlement') return this.#submit(output.bytes);
    const { batch: seq, attempt, transactionHash: hash } = output;
    const { chain } = this.#dependencies;
    return { type: 'standing', standing: chain.standingOf({ proposer: node.index, seq, attempt, hash }) };
  }

  #submit(bytes: Uint8Array): SettlementAnswer {
    const { chain, queue, watch, refused } = this.#dependencies;
    watch?.arrived(bytes);
    const verdict = chain.submit(bytes, queue.nowMs);
    if (verdict.ok) return { type: 'accepted' };
    refused(verdict.code);
    return { type: 'refused', code: verdict.code };
  }

  /** Over whole links the answer takes as long as the call did; nothing is drawn for it. */
  #carryBack(call: Call, answer: SettlementAnswer): void {
    const { links, queue } = this.#dependencies;
    const { nowMs } = queue;
    if (links.isPlain(SMALL_BYTES)) {
      this.#answerAt(nowMs + (nowMs - call.sentMs), call, answer);
      return;
    }
    let isUnderWay = false;
    links.carry(links.chain, call.node.index, SMALL_BYTES, nowMs, (atMs) => {
      isUnderWay = true;
      this.#answerAt(atMs, call, answer);
    });
    if (!isUnderWay) this.#timeOut(call);
  }

  #timeOut(call: Call): void {
    this.#answerAt(call.sentMs + CALL_TIMEOUT_MS, call, { type: 'timed_out' });
  }

  #answerAt(atMs: TimeMs, call: Call, answer: SettlementAnswer): void {
    const { queue, links, deliver } = this.#dependencies;
    queue.scheduleNodeAction(atMs, call.node.index, () => {
      const { node, incarnation, requestId } = call;
      if (call.isAnswered || node.incarnation !== incarnation) return;
      if (answer.type !== 'timed_out' && answer.type !== 'failed' && links.isCut(links.chain, node.index)) {
        this.#timeOut(call);
        return;
      }
      call.isAnswered = true;
      deliver(node, { type: 'settlementAnswer', nowMs: queue.nowMs, requestId, answer });
    });
  }
}
