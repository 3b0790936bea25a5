/**
 * Gossip's memory in the modelled network: which messages each node has seen and therefore refuses, as gossipsub's
 * cache of message ids does. Deliveries themselves are the links' (links.ts).
 */
import { equalBytes } from '../../../consensus/primitives/bytes.ts';
import type { TimeMs, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { Topic } from '../../core/types.ts';

/** How long gossip remembers an id, in ms: gossipsub's `seenTTL`, two minutes. */
export const SEEN_TTL_MS = 120_000;
/** Chains of the index: a power of two, about as many as a network of 64 nodes remembers messages. */
const INDEX_PLACES = 8192;
const INDEX_MASK = INDEX_PLACES - 1;
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
  /** Another remembered message of the same place in the index. */
  next: GossipMessage | undefined;
}

export class GossipMemory {
  readonly #neverSeen: readonly number[];
  readonly #startedAtMs: number[];
  /** Remembered messages by the low bits of their fingerprint, each the first of a chain. */
  readonly #index = new Array<GossipMessage | undefined>(INDEX_PLACES).fill(undefined);
  /** Remembered messages by first publication; those before `#oldest` are gone, and their places let go of them. */
  #remembered: (GossipMessage | undefined)[] = [];
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
    const place = fingerprint & INDEX_MASK;
    const first = this.#index[place];
    let known = first;
    while (known !== undefined && (known.fingerprint !== fingerprint || !equalBytes(known.bytes, bytes)))
      known = known.next;
    if (known !== undefined) return this.receive(node, known, nowMs) ? known : undefined;
    const message: GossipMessage = {
      topic,
      bytes,
      fingerprint,
      seenAtMs: this.#neverSeen.slice(),
      lastSeenAtMs: nowMs,
      next: first,
    };
    message.seenAtMs[node] = nowMs;
    this.#index[place] = message;
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
      this.#remembered[this.#oldest] = undefined;
      this.#oldest += 1;
      this.#forget(message);
    }
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#remembered.length) {
      this.#remembered = this.#remembered.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  #forget(message: GossipMessage): void {
    const place = message.fingerprint & INDEX_MASK;
    let before = this.#index[place];
    if (before === message) {
      this.#index[place] = message.next;
      return;
    }
    while (before !== undefined && before.next !== message) before = before.next;
    if (before !== undefined) before.next = message.next;
  }
}

/**
 * FNV-1a over the length and both ends, a word of four bytes at a time: tells messages apart cheaply; equal bytes have
 * equal numbers.
 */
function fingerprintOf(bytes: Uint8Array): number {
  const { length } = bytes;
  const hash = mixed(0x811c9dc5 ^ length, bytes, 0, Math.min(FINGERPRINT_HEAD_BYTES, length));
  return mixed(hash, bytes, Math.max(FINGERPRINT_HEAD_BYTES, length - FINGERPRINT_TAIL_BYTES), length);
}

/** Mixes the bytes from `start` up to `end` into `hash`. */
function mixed(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let mix = hash;
  let at = start;
  for (; at + 4 <= end; at += 4) mix = mixedWord(mix, wordAt(bytes, at));
  for (; at < end; at += 1) mix = mixedWord(mix, bytes[at] as number);
  return mix;
}

/** The product's high bits are folded back: a word's own high bits would else never reach the low ones. */
function mixedWord(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193);
  return product ^ (product >>> 15);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
