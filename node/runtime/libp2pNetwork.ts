/**
 * The network between nodes over libp2p: TCP, noise, yamux, gossipsub. Only validators stay connected. Settings differ
 * from the library's where those assume a public network of strangers: see the constants.
 */
// First: libp2p calls what Node 20 does not have.
import '../shims.ts';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { GossipSubComponents } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { PeerId as Libp2pPeerId } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Signer, Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { PeerId, RequestProtocol, Topic } from '../core/types.ts';
import { Counters } from './counters.ts';
import { BAN_MS, Gossip } from './gossip.ts';
import type { NetworkNode } from './libp2pTypes.ts';
import { LinkConditions } from './linkConditions.ts';
import { PeerDirectory } from './peerDirectory.ts';
import type { PeerNetwork, PeerNetworkHandlers } from './peerNetwork.ts';
import { Reconnector } from './reconnector.ts';
import { Requests } from './requests.ts';

/** New connections a second from one address; a local network has one address, and all its nodes start at once. */
const INBOUND_CONNECTIONS_PER_SECOND = 200;
/** Connections for each validator: two may cross, and one may be on its way out. */
const CONNECTIONS_PER_VALIDATOR = 3;
/** Room for strangers until they have been asked who they are. */
const CONNECTIONS_SPARE = 32;

export interface Libp2pNetworkOptions {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly self: ValidatorIndex;
  /** Secret of the libp2p identity, 32 bytes; not the validator's key. */
  readonly peerSecretKey: Uint8Array;
  /** Multiaddrs to listen on; port 0 takes a free one. */
  readonly listen: readonly string[];
  /** Multiaddrs of peers to stay connected to. */
  readonly bootstrap: readonly string[];
  /** Largest gossip message, in bytes. */
  readonly messageBytesMax: number;
  /** How long a request may take, in ms; 5000 unless told otherwise. */
  readonly requestTimeoutMs?: number;
}

export interface Libp2pNetworkDependencies {
  /** Holds the validator's key: it vouches for the libp2p identity. */
  readonly signer: Signer;
  readonly verifier: Verifier;
}

export class Libp2pNetwork implements PeerNetwork {
  readonly counters = new Counters();
  /** Faults on the way to this node, for those who command a local network. */
  readonly links = new LinkConditions();
  readonly #options: Libp2pNetworkOptions;
  readonly #directory: PeerDirectory;
  readonly #gossip: Gossip;
  readonly #requests: Requests;
  /** When a peer that was disconnected for its score may come back, on the process's monotonic clock. */
  readonly #bannedUntilMs = new Map<string, number>();
  #node: NetworkNode | undefined;
  #reconnector: Reconnector | undefined;
  #handlers: PeerNetworkHandlers | undefined;

  constructor(options: Libp2pNetworkOptions, dependencies: Libp2pNetworkDependencies) {
    const { counters, links } = this;
    this.#options = options;
    this.#directory = new PeerDirectory(options, { ...dependencies, counters });
    this.#requests = new Requests(options, { directory: this.#directory, links, counters });
    this.#gossip = new Gossip(options, {
      directory: this.#directory,
      links,
      counters,
      judge: async (topic, from, bytes) =>
        this.#handlers?.message(topic, from, bytes) ?? { verdict: 'ignore', code: 'PEER_NOT_READY' },
      drop: (peer, code) => this.#drop(peer, code),
    });
  }

  /** @throws {CodedError} `P2P_LISTEN_FAILED`: the address is taken, or is none of this machine. */
  async start(handlers: PeerNetworkHandlers): Promise<void> {
    assert(this.#node === undefined, 'the network was started before');
    const { peerSecretKey, listen, bootstrap, validators } = this.#options;
    const node = await createLibp2p({
      start: false,
      privateKey: await generateKeyPairFromSeed('Ed25519', peerSecretKey),
      addresses: { listen: [...listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: {
        denyDialPeer: (peer) => this.#isBanned(peer),
        denyInboundEncryptedConnection: (peer) => this.#refuseBanned(peer),
        // The library refuses private addresses by default in some places; who may stay is decided by keys.
        denyDialMultiaddr: () => false,
      },
      connectionManager: {
        inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
        maxIncomingPendingConnections: validators.count + CONNECTIONS_SPARE,
        maxConnections: validators.count * CONNECTIONS_PER_VALIDATOR + CONNECTIONS_SPARE,
        // Reconnecting is the reconnector's business.
        reconnectRetries: 0,
      },
      services: {
        identify: identify(),
        gossip: (components: GossipSubComponents) => this.#gossip.create(components),
      },
    });
    this.#node = node;
    this.#handlers = handlers;
    await this.#directory.attach(node);
    await this.#requests.attach(node, (from, protocol, bytes) => handlers.request(from, protocol, bytes));
    try {
      await node.start();
    } catch (cause) {
      await node.stop();
      throw new CodedError(
        'P2P_LISTEN_FAILED',
        `cannot listen on ${listen.join(', ')}: choose a free port under p2p.listen, or stop what uses it`,
        { listen },
        { cause },
      );
    }
    this.#gossip.subscribe();
    this.#reconnector = new Reconnector(node, bootstrap);
    this.#reconnector.start();
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    this.#gossip.publish(topic, bytes);
  }

  request(peer: PeerId, protocol: RequestProtocol, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#requests.send(peer, protocol, bytes);
  }

  penalise(peer: PeerId, code: string): void {
    this.counters.add('request_penalised', code);
    const remote = this.#directory.peerOf(peer);
    if (remote !== undefined) this.#gossip.penalise(remote);
  }

  async stop(): Promise<void> {
    this.#reconnector?.stop();
    this.links.close();
    await this.#node?.stop();
  }

  /** Where others reach this node, with its identity; known once it has started. */
  get addresses(): readonly string[] {
    return (this.#node?.getMultiaddrs() ?? []).map((address) => address.toString());
  }

  /** Validators connected now. */
  get connected(): readonly ValidatorIndex[] {
    return this.#directory.connected;
  }

  /** Gossip's score of a validator; undefined while it is not connected. */
  scoreOf(validator: ValidatorIndex): number | undefined {
    const peer = this.#directory.peerOf(validator);
    return peer === undefined ? undefined : this.#gossip.scoreOf(peer);
  }

  #drop(peer: Libp2pPeerId, code: 'PEER_SCORE_LOW' | 'PEER_STREAM_LOST'): void {
    this.counters.add('peer_disconnected', code);
    if (code === 'PEER_SCORE_LOW') this.#bannedUntilMs.set(peer.toString(), performance.now() + BAN_MS);
    this.#node?.hangUp(peer).catch(() => undefined);
  }

  #refuseBanned(peer: Libp2pPeerId): boolean {
    if (!this.#isBanned(peer)) return false;
    this.counters.add('peer_refused', 'PEER_SCORE_LOW');
    return true;
  }

  #isBanned(peer: Libp2pPeerId): boolean {
    const id = peer.toString();
    const untilMs = this.#bannedUntilMs.get(id);
    if (untilMs === undefined) return false;
    if (performance.now() < untilMs) return true;
    this.#bannedUntilMs.delete(id);
    return false;
  }
}

/** The text by which libp2p knows the holder of a secret; the end of its addresses. */
export async function peerIdTextOf(peerSecretKey: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', peerSecretKey)).toString();
}
