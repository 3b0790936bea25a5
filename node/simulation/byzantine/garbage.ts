/**
 * Noise: random bytes, damaged and oversized copies of real messages, replays, messages on the wrong topic, requests
 * and answers that are none. At a bounded rate, so that it wears out patience and not the machine that simulates it.
 */
import { BLOCK_EVIDENCE_LIMIT } from '../../../consensus/block.ts';
import type { Input, Output, PeerId, Topic } from '../../core/types.ts';
import { type Hands, HonestBehaviour, OWN_REQUESTS_FROM } from './behaviour.ts';

/** Time between two pieces of noise, in ms. */
const INTERVAL_MIN_MS = 150;
const INTERVAL_MAX_MS = 850;
/** Real messages it remembers to damage and to replay. */
const MEMORY_MAX = 32;
/** Random bytes are at most this many, but for the oversized. */
const RANDOM_BYTES_MAX = 600;
/** One piece in so many is larger than any block. */
const OVERSIZED_ONE_IN = 64;
/** Bytes above the limit of a block and everything around it. */
const OVERSIZE_BYTES = 4096 + BLOCK_EVIDENCE_LIMIT;
/** Above the ids of every second process. */
const REQUESTS_FROM = OWN_REQUESTS_FROM * 128;

const topics: readonly Topic[] = ['blocks', 'votes', 'transactions', 'evidence', 'settlements'];

interface Heard {
  readonly topic: Topic;
  readonly bytes: Uint8Array;
}

export class Garbage extends HonestBehaviour {
  readonly #hands: Hands;
  readonly #heard: Heard[] = [];
  #heardCount = 0;
  #requestCount = 0;
  #isRunning = true;

  constructor(hands: Hands) {
    super();
    this.#hands = hands;
    this.#wait();
  }

  override receives(input: Input): boolean {
    if (input.type === 'message') this.#remember(input.topic, input.bytes);
    return input.type !== 'response' || input.requestId < REQUESTS_FROM;
  }

  override sends(output: Output): boolean {
    if (output.type === 'publish') this.#remember(output.topic, output.bytes);
    if (output.type !== 'respond' || this.#hands.random.chance(0.5)) return true;
    this.#hands.respond(output.requestId, this.#damaged(output.bytes));
    return false;
  }

  override ends(): void {
    this.#isRunning = false;
  }

  #wait(): void {
    this.#hands.after(this.#hands.random.between(INTERVAL_MIN_MS, INTERVAL_MAX_MS), () => {
      if (!this.#isRunning) return;
      this.#make();
      this.#wait();
    });
  }

  #make(): void {
    const { random } = this.#hands;
    if (random.below(OVERSIZED_ONE_IN) === 0) {
      this.#send(this.#topic(), new Uint8Array(this.#hands.genesis.blockBytesMax + OVERSIZE_BYTES));
      return;
    }
    const heard = this.#heard[random.below(Math.max(1, this.#heard.length))];
    const kind = heard === undefined ? 0 : random.below(5);
    if (heard === undefined || kind === 0) this.#send(this.#topic(), this.#randomBytes());
    else if (kind === 1) this.#send(heard.topic, this.#damaged(heard.bytes));
    else if (kind === 2) this.#send(this.#topic(), heard.bytes.slice());
    else if (kind === 3) this.#send(heard.topic, heard.bytes.slice());
    else this.#request(random.chance(0.5) ? this.#randomBytes() : this.#damaged(heard.bytes));
  }

  #send(topic: Topic, bytes: Uint8Array): void {
    this.#hands.gossipTo(this.#somePeers(), topic, bytes);
  }

  #request(bytes: Uint8Array): void {
    const [peer] = this.#somePeers();
    if (peer === undefined) return;
    this.#requestCount += 1;
    this.#hands.request(peer, REQUESTS_FROM + this.#requestCount, bytes);
  }

  #somePeers(): PeerId[] {
    const { peers, random } = this.#hands;
    const start = random.below(peers.length);
    return peers.slice(start, start + 1 + random.below(peers.length));
  }

  #topic(): Topic {
    return topics[this.#hands.random.below(topics.length)] ?? 'votes';
  }

  #randomBytes(): Uint8Array {
    const { random } = this.#hands;
    return Uint8Array.from({ length: random.below(RANDOM_BYTES_MAX) }, () => random.below(256));
  }

  /** One bit another, a piece cut off, or something behind the end. */
  #damaged(bytes: Uint8Array): Uint8Array {
    const { random } = this.#hands;
    const kind = random.below(3);
    if (kind === 0) return bytes.slice(0, random.below(bytes.length + 1));
    const damaged = new Uint8Array(bytes.length + (kind === 1 ? 0 : 1 + random.below(8)));
    damaged.set(bytes);
    const at = random.below(Math.max(1, bytes.length));
    if (kind === 1 && bytes.length > 0) damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    return damaged;
  }

  #remember(topic: Topic, bytes: Uint8Array): void {
    this.#heard[this.#heardCount % MEMORY_MAX] = { topic, bytes };
    this.#heardCount += 1;
  }
}
