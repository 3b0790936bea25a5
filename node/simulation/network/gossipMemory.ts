/**
 * Gossip's memory in the modelled network: which messages each node has seen and therefore refuses, as gossipsub's
 * cache of message ids does. Deliveries themselves are the links' (links.ts).
 */
import { equalBytes } from '../../../consensus/primitives/bytes.ts';
import type { TimeMs, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { Topic } from '../../core/types.ts';

/** How long gossip remembers an id, in ms: gossipsub's `seenTTL`, two minutes. */
export const SEEN_TTL_MS = 120_000;
/** Bytes at the start and at the end of a message that its index number covers; equality is decided on all bytes. */
const FINGERPRINT_HEAD_BYTES = 96;
const FINGERPRINT_TAIL_BYTES = 32;

/** One published message and when each node saw it. The same bytes object goes to every receiver. */
export interface GossipMessage {
  readonly topic: Topic;
  readonly bytes: Uint8Array;
  readonly fingerprint: number;
  /** By node; `-Infinity` where it never was. */
  readonly seenAtMs: number[];
  lastSeenAtMs: number;
}

export class GossipMemory {
  readonly #neverSeen: readonly number[];
  readonly #startedAtMs: number[];
  /** Remembered messages by fingerprint; almost always one each. */
  readonly #index = new Map<number, GossipMessage[]>();
  /** Remembered messages by first publication; those before `#oldest` are gone. */
  #remembered: GossipMessage[] = [];
  #oldest = 0;

  constructor(nodeCount: number) {
    this.#neverSeen = Array.from({ length: nodeCount }, () => Number.NEGATIVE_INFINITY);
    this.#startedAtMs = this.#neverSeen.slice();
  }

  /** Messages gossip still remembers. */
  get rememberedCount(): number {
    return this.#remembered.length - this.#oldest;
  }

  /**
   * A node hands a message to gossip.
   * @returns The message to deliver to every other node, or `undefined` when this node published or received the same
   *   bytes within `SEEN_TTL_MS`: gossipsub refuses those.
   */
  publish(node: ValidatorIndex, topic: Topic, bytes: Uint8Array, nowMs: TimeMs): GossipMessage | undefined {
    this.#forgetExpired(nowMs);
    const fingerprint = fingerprintOf(bytes);
    const candidates = this.#index.get(fingerprint);
    const known = candidates?.find((one) => one.bytes === bytes || equalBytes(one.bytes, bytes));
    if (known !== undefined) return this.receive(node, known, nowMs) ? known : undefined;
    const message: GossipMessage = {
      topic,
      bytes,
      fingerprint,
      seenAtMs: this.#neverSeen.slice(),
      lastSeenAtMs: nowMs,
    };
    message.seenAtMs[node] = nowMs;
    if (candidates === undefined) this.#index.set(fingerprint, [message]);
    else candidates.push(message);
    this.#remembered.push(message);
    return message;
  }

  /** A delivery reaches a node. @returns Whether gossip passes it on: false for a duplicate. */
  receive(node: ValidatorIndex, message: GossipMessage, nowMs: TimeMs): boolean {
    const seenAtMs = message.seenAtMs[node] ?? Number.NEGATIVE_INFINITY;
    const startedAtMs = this.#startedAtMs[node] ?? Number.NEGATIVE_INFINITY;
    if (seenAtMs >= startedAtMs && nowMs - seenAtMs < SEEN_TTL_MS) return false;
    message.seenAtMs[node] = nowMs;
    message.lastSeenAtMs = nowMs;
    return true;
  }

  /** A process starts: its cache is empty. */
  start(node: ValidatorIndex, nowMs: TimeMs): void {
    this.#startedAtMs[node] = nowMs;
  }

  #forgetExpired(nowMs: TimeMs): void {
    for (;;) {
      const message = this.#remembered[this.#oldest];
      if (message === undefined || nowMs - message.lastSeenAtMs < SEEN_TTL_MS) break;
      this.#oldest += 1;
      const candidates = this.#index.get(message.fingerprint) ?? [];
      if (candidates.length <= 1) this.#index.delete(message.fingerprint);
      else candidates.splice(candidates.indexOf(message), 1);
    }
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#remembered.length) {
      this.#remembered = this.#remembered.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

/** FNV-1a over the length and both ends: tells messages apart cheaply; equal bytes have equal numbers. */
function fingerprintOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  const head = Math.min(FINGERPRINT_HEAD_BYTES, bytes.length);
  for (let at = 0; at < head; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  for (let at = Math.max(head, bytes.length - FINGERPRINT_TAIL_BYTES); at < bytes.length; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  }
  return hash | 0;
}
