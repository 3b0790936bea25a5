/**
 * Keeps this node connected to the peers whose addresses it knows: dials each, and again after it is lost, waiting longer
 * after each failure with some randomness so that a whole network does not knock at once.
 */
import type { Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { type BackOffTimes, backOffMs } from '../backOff.ts';

const dialBackOff: BackOffTimes = { minMs: 100, maxMs: 5000 };
/** Time for one try, in ms. */
const DIAL_TIMEOUT_MS = 5000;

interface Target {
  readonly address: Multiaddr;
  /** Who answers there: named by the address, or learnt by the first connection. */
  peer: Libp2pPeerId | undefined;
  /** Tries in a row after which no connection lasted. */
  failures: number;
  connectedAtMs: number;
  timer: NodeJS.Timeout | undefined;
  isDialling: boolean;
}

export class Reconnector {
  readonly #node: Libp2p;
  readonly #targets: readonly Target[];
  readonly #random: () => number;
  readonly #abort = new AbortController();
  readonly #onDisconnect = ({ detail }: CustomEvent<Libp2pPeerId>): void => this.#lost(detail);

  /** @param addresses - Multiaddrs, with or without the peer's identity at the end. */
  constructor(node: Libp2p, addresses: readonly string[], random: () => number = Math.random) {
    this.#node = node;
    this.#random = random;
    this.#targets = addresses.map((text) => {
      const address = multiaddr(text);
      const id = address.getComponents().find(({ name }) => name === 'p2p')?.value;
      const peer = id === undefined ? undefined : peerIdFromString(id);
      return { address, peer, failures: 0, connectedAtMs: 0, timer: undefined, isDialling: false };
    });
  }

  start(): void {
    this.#node.addEventListener('peer:disconnect', this.#onDisconnect);
    for (const target of this.#targets) this.#dial(target);
  }

  stop(): void {
    this.#node.removeEventListener('peer:disconnect', this.#onDisconnect);
    this.#abort.abort();
    for (const { timer } of this.#targets) clearTimeout(timer);
  }

  #lost(peer: Libp2pPeerId): void {
    for (const target of this.#targets) {
      if (target.peer?.equals(peer) !== true) continue;
      // A peer that hangs up soon, because it does not want this node, is tried ever less often.
      if (performance.now() - target.connectedAtMs > dialBackOff.maxMs) target.failures = 0;
      this.#retryLater(target);
    }
  }

  #dial(target: Target): void {
    if (target.isDialling || this.#abort.signal.aborted || this.#isConnected(target)) return;
    target.isDialling = true;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    this.#node.dial(target.address, { signal }).then(
      ({ remotePeer }) => {
        target.isDialling = false;
        target.peer = remotePeer;
        target.connectedAtMs = performance.now();
        if (!this.#isConnected(target)) this.#retryLater(target);
      },
      () => {
        target.isDialling = false;
        this.#retryLater(target);
      },
    );
  }

  #retryLater(target: Target): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(target.timer);
    const waitMs = backOffMs(target.failures, dialBackOff, this.#random);
    target.failures += 1;
    target.timer = setTimeout(() => this.#dial(target), waitMs);
  }

  #isConnected({ peer }: Target): boolean {
    return peer !== undefined && this.#node.getConnections(peer).some(({ status }) => status === 'open');
  }
}
