/**
 * A libp2p peer that owes nobody anything: it connects to whom it likes, says what it likes under whatever key, and reads
 * only what it wants to. It speaks the wire protocols by hand, so it can break every rule of them.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { RPC } from '@libp2p/gossipsub/message';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { lpStream } from '@libp2p/utils';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { Topic } from '../../node/core/types.ts';
import { rawKeyOf, wireName } from '../../node/runtime/libp2pTypes.ts';
import { createStatement, STATEMENT_BYTES } from '../../node/runtime/peerIdentity.ts';

const GOSSIP = '/meshsub/1.2.0';
const LARGEST_BYTES = 64 * 1024 * 1024;
export const allTopics: readonly Topic[] = ['blocks', 'votes', 'transactions', 'evidence', 'settlements'];

export interface GossipMessage {
  readonly topic: string;
  readonly data: Uint8Array;
}

export class HostilePeer {
  /** What honest peers gossiped to it, unless it reads nothing. */
  readonly heard: GossipMessage[] = [];
  readonly #node: Libp2p;
  readonly #chainId: Hash;

  private constructor(node: Libp2p, chainId: Hash) {
    this.#node = node;
    this.#chainId = chainId;
  }

  /** @param name - Decides its libp2p identity. */
  static async start(
    name: string,
    chainId: Hash,
    options: { readonly reads?: boolean } = {},
  ): Promise<HostilePeer> {
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', deriveSecretKey('hostile', `peer/${name}`)),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionMonitor: { enabled: options.reads !== false },
    });
    const peer = new HostilePeer(node, chainId);
    await node.handle(GOSSIP, (stream) => {
      if (options.reads === false) stream.pause();
      else peer.#listen(stream).catch(() => undefined);
    });
    await node.handle(wireName(chainId, 'identity'), (stream) => stream.abort(new Error('says nothing')));
    return peer;
  }

  async connect(address: string): Promise<Connection> {
    return this.#node.dial(multiaddr(address), { force: true });
  }

  get connectionCount(): number {
    return this.#node.getConnections().length;
  }

  /** The statement by which `signer` vouches for this peer. */
  statement(signer: Signer): Uint8Array {
    return createStatement(this.#chainId, rawKeyOf(this.#node.peerId) ?? new Uint8Array(), signer);
  }

  /** Shows a statement, its own or another's. @returns The other side's, when it was pleased. */
  async introduce(connection: Connection, statement: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const stream = await connection.newStream(wireName(this.#chainId, 'identity'));
      const messages = lpStream(stream, { maxDataLength: STATEMENT_BYTES });
      await messages.write(statement);
      return (await messages.read()).subarray();
    } catch {
      return undefined;
    }
  }

  /** A stream for gossip of its own, over which it sends whatever it wants. */
  async openGossip(connection: Connection): Promise<GossipLine> {
    return new GossipLine(await connection.newStream(GOSSIP), this.#chainId);
  }

  /** Sends a request of any size. @returns The answer; undefined when there is none. */
  async request(connection: Connection, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const stream = await connection.newStream(wireName(this.#chainId, 'sync'));
      const messages = lpStream(stream, { maxDataLength: LARGEST_BYTES });
      await messages.write(bytes);
      return (await messages.read()).subarray();
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    await this.#node.stop();
  }

  async #listen(stream: Stream): Promise<void> {
    const frames = lpStream(stream, { maxDataLength: LARGEST_BYTES, maxBufferSize: LARGEST_BYTES });
    for (;;) {
      const { messages } = RPC.decode(await frames.read());
      for (const { topic, data } of messages)
        if (topic !== undefined && data) this.heard.push({ topic, data });
    }
  }
}

export class GossipLine {
  readonly #stream: Stream;
  readonly #frames: ReturnType<typeof lpStream<Stream>>;
  readonly #chainId: Hash;

  constructor(stream: Stream, chainId: Hash) {
    this.#stream = stream;
    this.#frames = lpStream(stream, { maxDataLength: LARGEST_BYTES });
    this.#chainId = chainId;
  }

  get isOpen(): boolean {
    return this.#stream.status === 'open';
  }

  /** Asks for everything, and for a place in every mesh. */
  async subscribe(topics: readonly Topic[] = allTopics): Promise<void> {
    const subscriptions = topics.map((topic) => ({ subscribe: true, topic: wireName(this.#chainId, topic) }));
    const graft = topics.map((topic) => ({ topicID: wireName(this.#chainId, topic) }));
    const control = { graft, ihave: [], iwant: [], prune: [], idontwant: [] };
    await this.frame(RPC.encode({ subscriptions, messages: [], control }));
  }

  /** @param topic - A kind of message, or a topic that does not exist. */
  async publish(topic: Topic | '/nowhere', ...payloads: readonly Uint8Array[]): Promise<void> {
    const name = topic === '/nowhere' ? topic : wireName(this.#chainId, topic);
    const messages = payloads.map((data) => ({ topic: name, data }));
    await this.frame(RPC.encode({ subscriptions: [], messages }));
  }

  /** Any bytes, where a frame should be. Nobody is told when they do not get through. */
  async frame(bytes: Uint8Array): Promise<void> {
    await this.#frames.write(bytes).catch(() => undefined);
  }
}
