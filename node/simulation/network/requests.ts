/**
 * Requests between nodes on the modelled network: each is answered, refused or timed out, exactly once. A process that
 * comes after the one that asked never sees the answer.
 */
import type { Input, Output } from '../../core/types.ts';
import type { EventQueue, SimulationEvent } from '../eventQueue.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { Links } from './links.ts';

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
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
  readonly deliver: (node: SimulatedNode, input: Input) => void;
}

export class Requests {
  readonly #queue: EventQueue;
  readonly #links: Links;
  readonly #nodes: readonly SimulatedNode[];
  readonly #deliver: (node: SimulatedNode, input: Input) => void;
  /** By a number of the runtime's own, because each node counts its requests from 1 after every start. */
  readonly #open = new Map<number, OpenRequest>();
  #lastNumber = 0;

  constructor(dependencies: RequestsDependencies) {
    this.#queue = dependencies.queue;
    this.#links = dependencies.links;
    this.#nodes = dependencies.nodes;
    this.#deliver = dependencies.deliver;
  }

  send(node: SimulatedNode, { requestId, peer, bytes }: Extract<Output, { type: 'request' }>): void {
    const { nowMs } = this.#queue;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const { incarnation } = node;
    this.#open.set(number, { requester: node, incarnation, requestId, responder: peer });
    const timeout = this.#queue.schedule(nowMs + REQUEST_TIMEOUT_MS, 'request_timeout');
    timeout.node = node.index;
    timeout.number = number;
    const responder = this.#nodes[peer];
    this.#links.carry(node.index, peer, bytes.length, nowMs, (atMs) => {
      const event = this.#queue.schedule(atMs, 'request');
      event.node = peer;
      event.incarnation = responder?.core === undefined ? NOBODY : responder.incarnation;
      event.number = number;
      event.bytes = bytes;
    });
  }

  /** A node answers; no bytes: the connection was refused. */
  respond(number: number, bytes: Uint8Array | undefined): void {
    const request = this.#open.get(number);
    if (request === undefined) return;
    const { responder, requester } = request;
    this.#links.carry(responder, requester.index, bytes?.length ?? 0, this.#queue.nowMs, (atMs) => {
      const event = this.#queue.schedule(atMs, 'response');
      event.node = requester.index;
      event.number = number;
      event.bytes = bytes;
    });
  }

  requestArrives({ node: index, incarnation, number, bytes }: SimulationEvent): void {
    const node = this.#nodes[index];
    const request = this.#open.get(number);
    if (request === undefined || bytes === undefined) return;
    if (this.#links.isCut(request.requester.index, index)) return;
    if (node?.incarnation !== incarnation) {
      this.respond(number, undefined);
      return;
    }
    const { nowMs } = this.#queue;
    const from = request.requester.index;
    this.#deliver(node, { type: 'request', nowMs, requestId: number, from, protocol: 'sync', bytes });
  }

  /** The answer arrives, or the time for it is over. */
  responseArrives({ kind, number, bytes }: SimulationEvent): void {
    const request = this.#open.get(number);
    if (request === undefined) return;
    // What a cut swallows fails when its time is over.
    if (kind === 'response' && this.#links.isCut(request.responder, request.requester.index)) return;
    this.#open.delete(number);
    const { requester, incarnation, requestId, responder: from } = request;
    if (requester.incarnation !== incarnation) return;
    this.#deliver(requester, { type: 'response', nowMs: this.#queue.nowMs, requestId, from, bytes });
  }
}
