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
import { Bans } from './bans.ts';
import { Counters } from './counters.ts';
import { type DropCode, Gossip } from './gossip.ts';
import type { NetworkNode } from './libp2pTypes.ts';
import { LinkConditions } from './linkConditions.ts';
import { CONNECTIONS_PER_PEER, PeerDirectory, STRANGERS_MAX } from './peerDirectory.ts';
import type { PeerNetwork, PeerNetworkHandlers } from './peerNetwork.ts';
import { Reconnector } from './reconnector.ts';
import { Requests } from './requests.ts';

/**
 * New connections a second from one address, for each validator and beside them: a local network has one address, and all
 * its nodes start at once. Each costs a key exchange, so strangers get no more of them than that.
 */
const INBOUND_PER_VALIDATOR_PER_SECOND = 8;
const INBOUND_SPARE_PER_SECOND = 32;
/** Libp2p identities of one validator at a time: it may have changed its own while the old one is not known to be gone. */
const IDENTITIES_PER_VALIDATOR = 2;
/** More than the directory lets in, so that it decides who goes, and not who came first. */
const CONNECTIONS_SPARE = 32;
/** Largest window of a stream, in bytes: what a peer may send that is not read on. Below what the library buffers. */
const STREAM_WINDOW_BYTES_MAX = 2 * 1024 * 1024;

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
  readonly #bans = new Bans();
  #node: NetworkNode | undefined;
  #reconnector: Reconnector | undefined;
  #handlers: PeerNetworkHandlers | undefined;

  constructor(options: Libp2pNetworkOptions, dependencies: Libp2pNetworkDependencies) {
    const { counters, links } = this;
    this.#options = options;
    this.#directory = new PeerDirectory(
      { ...options, identitiesMax: IDENTITIES_PER_VALIDATOR },
      { ...dependencies, counters, isBanned: (validator) => this.#bans.holdsValidator(validator) },
    );
    this.#requests = new Requests(options, {
      directory: this.#directory,
      links,
      counters,
      penalise: (peer) => this.#gossip.penalise(peer),
    });
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
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX } })],
      connectionGater: {
        denyDialPeer: (peer) => this.#bans.holdsIdentity(peer.toString()),
        denyInboundEncryptedConnection: (peer) => this.#refuseBanned(peer),
        // The library refuses private addresses by default in some places; who may stay is decided by keys.
        denyDialMultiaddr: () => false,
      },
      connectionManager: {
        inboundConnectionThreshold:
          validators.count * INBOUND_PER_VALIDATOR_PER_SECOND + INBOUND_SPARE_PER_SECOND,
        maxIncomingPendingConnections: validators.count + CONNECTIONS_SPARE,
        maxConnections:
          validators.count * IDENTITIES_PER_VALIDATOR * CONNECTIONS_PER_PEER +
          STRANGERS_MAX +
          CONNECTIONS_SPARE,
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
      throw p2pListenRefused(listen.join(', '), cause);
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

  /** A peer that reads nothing would not hear of a friendly end either. */
  #drop(peer: Libp2pPeerId, code: DropCode): void {
    this.counters.add('peer_disconnected', code);
    const validator = this.#directory.validatorOf(peer);
    const gone = code === 'PEER_SCORE_LOW' ? this.#directory.identitiesOf(validator) : [peer];
    if (code === 'PEER_SCORE_LOW') this.#bans.add(peer.toString(), validator);
    for (const identity of [peer, ...gone]) {
      for (const connection of this.#node?.getConnections(identity) ?? []) connection.abort(new Error(code));
    }
  }

  #refuseBanned(peer: Libp2pPeerId): boolean {
    if (!this.#bans.holdsIdentity(peer.toString())) return false;
    this.counters.add('peer_refused', 'PEER_SCORE_LOW');
    return true;
  }
}

/** What to say when a node cannot hear its peers: `P2P_LISTEN_FAILED`. */
export function p2pListenRefused(listen: string, cause: unknown): CodedError {
  // The library tells of it over several lines.
  const reason = (cause as Error).message.replace(/\s+/g, ' ');
  const message = /EADDRINUSE/.test(reason)
    ? `cannot listen on ${listen}: it is in use; choose a free port under p2p.listen, or stop what uses it`
    : `cannot listen on ${listen}: ${reason}; choose an address of this machine under p2p.listen`;
  return new CodedError('P2P_LISTEN_FAILED', message, { listen }, { cause });
}

/** The text by which libp2p knows the holder of a secret; the end of its addresses. */
export async function peerIdTextOf(peerSecretKey: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', peerSecretKey)).toString();
}
