/**
 * Requests between nodes on the modelled network: each is answered, refused or timed out, exactly once. A process that
 * comes after the one that asked never sees the answer.
 */
import type { Input, Output } from '../core/types.ts';
import type { EventQueue, SimulationEvent } from './eventQueue.ts';
import { LOST, type SimulatedNetwork } from './network.ts';
import type { SimulatedNode } from './simulatedNode.ts';

/** A request without an answer fails after this long, in ms. */
const REQUEST_TIMEOUT_MS = 5000;
/** No process has this incarnation: what is meant for it finds nobody. */
const NOBODY = -1;

/** One request under way. */
interface OpenRequest {
  readonly requester: SimulatedNode;
  readonly incarnation: number;
  /** The number under which the requester knows it. */
  readonly requestId: number;
  readonly responder: number;
}

export interface RequestsDependencies {
  readonly queue: EventQueue;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly deliver: (node: SimulatedNode, input: Input) => void;
}

export class Requests {
  readonly #queue: EventQueue;
  readonly #network: SimulatedNetwork;
  readonly #nodes: readonly SimulatedNode[];
  readonly #deliver: (node: SimulatedNode, input: Input) => void;
  /** By a number of the runtime's own, because each node counts its requests from 1 after every start. */
  readonly #open = new Map<number, OpenRequest>();
  #lastNumber = 0;

  constructor(dependencies: RequestsDependencies) {
    this.#queue = dependencies.queue;
    this.#network = dependencies.network;
    this.#nodes = dependencies.nodes;
    this.#deliver = dependencies.deliver;
  }

  send(node: SimulatedNode, { requestId, peer, bytes }: Extract<Output, { type: 'request' }>): void {
    const { nowMs } = this.#queue;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const { incarnation } = node;
    this.#open.set(number, { requester: node, incarnation, requestId, responder: peer });
    this.#queue.schedule(nowMs + REQUEST_TIMEOUT_MS, 'request_timeout').number = number;
    const delayMs = this.#network.drawDelayMs();
    if (delayMs === LOST) return;
    const responder = this.#nodes[peer];
    const event = this.#queue.schedule(nowMs + delayMs, 'request');
    event.node = peer;
    event.incarnation = responder?.core === undefined ? NOBODY : responder.incarnation;
    event.number = number;
    event.bytes = bytes;
  }

  /** A node answers; no bytes: the connection was refused. */
  respond(number: number, bytes: Uint8Array | undefined): void {
    const delayMs = this.#network.drawDelayMs();
    if (delayMs === LOST) return;
    const event = this.#queue.schedule(this.#queue.nowMs + delayMs, 'response');
    event.number = number;
    event.bytes = bytes;
  }

  requestArrives({ node: index, incarnation, number, bytes }: SimulationEvent): void {
    const node = this.#nodes[index];
    const request = this.#open.get(number);
    if (request === undefined || bytes === undefined) return;
    if (node?.incarnation !== incarnation) {
      this.respond(number, undefined);
      return;
    }
    const { nowMs } = this.#queue;
    const from = request.requester.index;
    this.#deliver(node, { type: 'request', nowMs, requestId: number, from, protocol: 'sync', bytes });
  }

  /** The answer arrives, or the time for it is over. */
  responseArrives({ number, bytes }: SimulationEvent): void {
    const request = this.#open.get(number);
    if (request === undefined) return;
    this.#open.delete(number);
    const { requester, incarnation, requestId, responder: from } = request;
    if (requester.incarnation !== incarnation) return;
    this.#deliver(requester, { type: 'response', nowMs: this.#queue.nowMs, requestId, from, bytes });
  }
}
