/** Requests between nodes that are on their way: each is answered, refused or timed out, exactly once. */
import type { PeerId } from '../core/types.ts';

/** One request under way. */
export interface OpenRequest {
  readonly requester: number;
  /** The process that asked; a later one on the same disk never sees the answer. */
  readonly incarnation: number;
  /** The number under which the requester knows it. */
  readonly requestId: number;
  readonly responder: PeerId;
}

/** Numbers requests over all nodes, because each node counts its own from 1 after every start. */
export class RequestTable {
  readonly #open = new Map<number, OpenRequest>();
  #last = 0;

  add(request: OpenRequest): number {
    this.#last += 1;
    this.#open.set(this.#last, request);
    return this.#last;
  }

  get(number: number): OpenRequest | undefined {
    return this.#open.get(number);
  }

  /** Ends a request. @returns Undefined when it has ended before. */
  take(number: number): OpenRequest | undefined {
    const request = this.#open.get(number);
    this.#open.delete(number);
    return request;
  }
}
