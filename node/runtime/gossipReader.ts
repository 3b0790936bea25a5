/**
 * Reads what peers send to the router, in place of the router's own loop, which takes in whatever comes and as much of it
 * as comes. Here nobody is read who has not said who he is, a peer whose messages are not handled yet is not read on, and
 * what is no message at all costs the peer its standing like one that is rejected.
 */
import type { Connection, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface';
import { createResolvers } from '../shims.ts';
import type { Counters } from './counters.ts';
import type { PeerDirectory } from './peerDirectory.ts';

/** Messages of one peer that are being handled; below what its lane of inputs holds, so that an honest burst is never lost. */
const MESSAGES_IN_HAND_MAX = 256;
/** The same in bytes, in units of the largest message. */
const LARGEST_IN_HAND_MAX = 4;

/** What a peer sends in one piece. */
export interface Rpc {
  readonly subscriptions: readonly unknown[];
  readonly messages: readonly RpcMessage[];
  readonly control?: unknown;
}

interface RpcMessage {
  readonly topic?: string;
  readonly data?: Uint8Array;
  readonly signature?: Uint8Array;
  readonly from?: Uint8Array;
}

interface Frame {
  subarray(): Uint8Array;
}

/** Members of the router that its public type leaves out. They are methods, called as such, so they can be replaced. */
export interface ReadingRouter {
  readonly streamsInbound: ReadonlyMap<string, { readonly rawStream: Stream }>;
  onIncomingStream(stream: Stream, connection: Connection): void;
  pipePeerReadStream(peer: Libp2pPeerId, frames: AsyncIterable<Frame>): Promise<void>;
  handlePeerReadStreamError(error: unknown, peer: Libp2pPeerId): void;
  decodeRpc(bytes: Uint8Array): Rpc;
  handleReceivedRpc(from: Libp2pPeerId, rpc: Rpc): Promise<void>;
}

export interface GossipReaderDependencies {
  readonly router: ReadingRouter;
  readonly directory: PeerDirectory;
  readonly counters: Counters;
  readonly isTopic: (name: string) => boolean;
  /** The peer sent what no honest node sends. */
  readonly penalise: (peer: Libp2pPeerId) => void;
}

export class GossipReader {
  readonly #bytesMax: number;
  readonly #dependencies: GossipReaderDependencies;

  constructor(options: { readonly messageBytesMax: number }, dependencies: GossipReaderDependencies) {
    this.#bytesMax = options.messageBytesMax * LARGEST_IN_HAND_MAX;
    this.#dependencies = dependencies;
  }

  /** Takes the router's place; call it before the router starts. */
  attach(): void {
    const { router } = this.#dependencies;
    const accept = router.onIncomingStream.bind(router);
    router.onIncomingStream = (stream, connection) => {
      this.#admit(stream, connection, accept).catch((error: unknown) => stream.abort(asError(error)));
    };
    router.pipePeerReadStream = (peer, frames) => this.#read(peer, frames);
  }

  /** While a stream is paused its sender may fill one window, and no more. */
  async #admit(
    stream: Stream,
    connection: Connection,
    accept: ReadingRouter['onIncomingStream'],
  ): Promise<void> {
    stream.pause();
    if ((await this.#dependencies.directory.knownAs(connection.remotePeer)) === undefined) {
      throw new Error('the peer has not said who it is');
    }
    if (stream.status !== 'open') return;
    accept(stream, connection);
    stream.resume();
  }

  async #read(peer: Libp2pPeerId, frames: AsyncIterable<Frame>): Promise<void> {
    const { router, counters, penalise } = this.#dependencies;
    const stream = router.streamsInbound.get(peer.toString())?.rawStream;
    const hands = new Hands(this.#bytesMax);
    try {
      for await (const frame of frames) {
        if (hands.areFull) {
          counters.add('gossip_paused', 'PEER_TOO_QUICK');
          if (stream?.status === 'open') stream.pause();
          await hands.eased();
          if (stream?.status === 'open') stream.resume();
        }
        this.#take(peer, frame.subarray(), hands);
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'InvalidDataLengthError') {
        counters.add('gossip_rejected', 'FRAME_TOO_LARGE');
        penalise(peer);
      }
      router.handlePeerReadStreamError(error, peer);
    }
  }

  #take(peer: Libp2pPeerId, bytes: Uint8Array, hands: Hands): void {
    const { router, counters, penalise } = this.#dependencies;
    let rpc: Rpc;
    try {
      rpc = router.decodeRpc(bytes);
    } catch {
      counters.add('gossip_rejected', 'FRAME_INVALID');
      penalise(peer);
      return;
    }
    for (const message of rpc.messages) this.#note(message);
    const release = hands.take(rpc.messages.length, bytes.length);
    router.handleReceivedRpc(peer, rpc).then(release, release);
  }

  /** Counts what the router drops without asking anybody; a signed message lowers the sender's score there. */
  #note({ topic = '', signature, from }: RpcMessage): void {
    const { counters, isTopic } = this.#dependencies;
    if (!isTopic(topic)) counters.add('gossip_ignored', 'TOPIC_UNKNOWN');
    else if (signature !== undefined || from !== undefined) counters.add('gossip_rejected', 'MESSAGE_SIGNED');
  }
}

/** What of one peer is being handled. */
class Hands {
  readonly #bytesMax: number;
  #messages = 0;
  #bytes = 0;
  #easing = createResolvers<void>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get areFull(): boolean {
    return this.#messages >= MESSAGES_IN_HAND_MAX || this.#bytes >= this.#bytesMax;
  }

  /** @returns Call it when they have been handled. */
  take(messages: number, bytes: number): () => void {
    this.#messages += messages;
    this.#bytes += bytes;
    return () => {
      this.#messages -= messages;
      this.#bytes -= bytes;
      if (this.areFull) return;
      this.#easing.resolve();
      this.#easing = createResolvers();
    };
  }

  eased(): Promise<void> {
    return this.areFull ? this.#easing.promise : Promise.resolve();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
