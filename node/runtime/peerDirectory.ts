/**
 * Which connected peer is which validator. Over every new connection both sides send the statement that binds their libp2p
 * identity to a validator (peerIdentity.ts); who sends none in time, or a wrong one, is disconnected.
 */
import type { Connection, Libp2p, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Signer, Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import { createResolvers, type PromiseResolvers } from '../shims.ts';
import type { Counters } from './counters.ts';
import { rawKeyOf, wireName } from './libp2pTypes.ts';
import { createStatement, STATEMENT_BYTES, verifyStatement } from './peerIdentity.ts';

/** Connections of one libp2p identity: two may cross, and one may be on its way out. */
export const CONNECTIONS_PER_PEER = 3;
/** Peers that have not said who they are. An honest one says it at once, so of more than that the oldest go. */
export const STRANGERS_MAX = 32;
/** Time a peer has to say who it is, in ms: a few round trips of the slowest link, and a busy machine. */
const HANDSHAKE_TIMEOUT_MS = 5000;

export interface PeerDirectoryOptions {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly self: ValidatorIndex;
  /** Libp2p identities that one validator may have connected at a time; a further one takes the oldest one's place. */
  readonly identitiesMax: number;
}

export interface PeerDirectoryDependencies {
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly counters: Counters;
  /** Whether a validator may not come back yet, under whatever identity. */
  readonly isBanned: (validator: ValidatorIndex) => boolean;
}

/** What is known of one libp2p identity while it is connected. */
interface Entry {
  readonly peer: Libp2pPeerId;
  validator: ValidatorIndex | undefined;
  readonly known: PromiseResolvers<ValidatorIndex | undefined>;
  /** The oldest first. */
  connections: readonly Connection[];
}

export class PeerDirectory {
  readonly #options: PeerDirectoryOptions;
  readonly #dependencies: PeerDirectoryDependencies;
  readonly #protocol: string;
  /** By libp2p identity, as text; who came first, first. */
  readonly #entries = new Map<string, Entry>();
  /** Connections over which a peer has asked who this node is: once each. */
  readonly #asked = new WeakSet<Connection>();
  #statement: Uint8Array = new Uint8Array();

  constructor(options: PeerDirectoryOptions, dependencies: PeerDirectoryDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#protocol = wireName(options.chainId, 'identity');
  }

  /** Takes part from now on: call it before the node starts. */
  async attach(node: Libp2p): Promise<void> {
    const ownKey = rawKeyOf(node.peerId);
    if (ownKey === undefined) throw new TypeError('the libp2p identity must be an ed25519 key');
    this.#statement = createStatement(this.#options.chainId, ownKey, this.#dependencies.signer);
    await node.handle(this.#protocol, (stream, connection) => this.#exchange(stream, connection, 'answer'), {
      maxInboundStreams: 2,
    });
    node.addEventListener('connection:open', ({ detail }) => this.#opened(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#closed(detail));
    node.addEventListener('peer:disconnect', ({ detail }) => this.#forget(detail));
  }

  /** The validator that a connected peer has shown to be; undefined while it has not. */
  validatorOf(peer: Libp2pPeerId): ValidatorIndex | undefined {
    return this.#entries.get(peer.toString())?.validator;
  }

  /** Waits for the peer to show who it is. @returns Undefined when it does not, or is gone. */
  async knownAs(peer: Libp2pPeerId): Promise<ValidatorIndex | undefined> {
    const entry = this.#entries.get(peer.toString());
    return entry?.validator ?? entry?.known.promise;
  }

  /** The libp2p identity under which a validator is connected, the last if there are several. */
  peerOf(validator: ValidatorIndex): Libp2pPeerId | undefined {
    return this.identitiesOf(validator).at(-1);
  }

  /** All of them, the oldest first. */
  identitiesOf(validator: ValidatorIndex | undefined): readonly Libp2pPeerId[] {
    if (validator === undefined) return [];
    return [...this.#entries.values()]
      .filter((entry) => entry.validator === validator)
      .map(({ peer }) => peer);
  }

  /** Validators that are connected now. */
  get connected(): readonly ValidatorIndex[] {
    const validators = new Set<ValidatorIndex>();
    for (const { validator } of this.#entries.values())
      if (validator !== undefined) validators.add(validator);
    return [...validators].sort((a, b) => a - b);
  }

  /** Every peer that has shown who it is. */
  peers(): readonly Libp2pPeerId[] {
    return [...this.#entries.values()]
      .filter(({ validator }) => validator !== undefined)
      .map(({ peer }) => peer);
  }

  #opened(connection: Connection): void {
    const { remotePeer: peer } = connection;
    const entry = this.#entries.get(peer.toString()) ?? {
      peer,
      validator: undefined,
      known: createResolvers(),
      connections: [],
    };
    this.#entries.set(peer.toString(), entry);
    entry.connections = [...entry.connections, connection];
    this.#limit(entry);
    if (connection.direction === 'outbound') {
      this.#introduce(connection).catch((error: unknown) => this.#refuse(connection, 'PEER_SILENT', error));
      return;
    }
    const timer = setTimeout(() => {
      if (this.validatorOf(connection.remotePeer) === undefined) {
        this.#refuse(connection, 'PEER_SILENT', new Error('no statement in time'));
      }
    }, HANDSHAKE_TIMEOUT_MS);
    connection.addEventListener('close', () => clearTimeout(timer), { once: true });
  }

  /** Whoever opens more than an honest peer ever does loses what it opened first. */
  #limit({ connections }: Entry): void {
    const [oldest] = connections;
    if (connections.length > CONNECTIONS_PER_PEER && oldest !== undefined) {
      this.#end(oldest, 'PEER_CONNECTIONS_TOO_MANY');
    }
    const strangers = [...this.#entries.values()].filter(({ validator }) => validator === undefined);
    const [first] = strangers;
    if (strangers.length <= STRANGERS_MAX || first === undefined) return;
    for (const connection of first.connections) this.#end(connection, 'PEER_STRANGERS_TOO_MANY');
  }

  #closed(connection: Connection): void {
    const entry = this.#entries.get(connection.remotePeer.toString());
    if (entry !== undefined) entry.connections = entry.connections.filter((other) => other !== connection);
  }

  async #introduce(connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS);
    const stream = await connection.newStream(this.#protocol, { signal });
    await this.#exchange(stream, connection, 'ask');
  }

  /** Both sides send and read; the side that asked sends first. */
  async #exchange(stream: Stream, connection: Connection, role: 'ask' | 'answer'): Promise<void> {
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS);
    if (role === 'answer' && this.#asked.has(connection)) {
      this.#end(connection, 'PEER_STATEMENT_REPEATED');
      return;
    }
    if (role === 'answer') this.#asked.add(connection);
    try {
      const messages = lpStream(stream, { maxDataLength: STATEMENT_BYTES });
      if (role === 'ask') await messages.write(this.#statement, { signal });
      const statement = (await messages.read({ signal })).subarray();
      const isWelcome = this.#judge(statement, connection);
      if (role === 'answer' && isWelcome) await messages.write(this.#statement, { signal });
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      this.#refuse(connection, 'PEER_SILENT', error);
    }
  }

  #judge(statement: Uint8Array, connection: Connection): boolean {
    const { chainId, validators, self } = this.#options;
    const { remotePeer } = connection;
    const peerKey = rawKeyOf(remotePeer);
    if (peerKey === undefined) {
      this.#refuse(connection, 'PEER_STATEMENT_INVALID', new Error('its key is of another kind'));
      return false;
    }
    const network = { chainId, validators, verifier: this.#dependencies.verifier };
    const verdict = verifyStatement(statement, peerKey, network);
    if (!verdict.ok) {
      this.#refuse(connection, verdict.code, new Error(verdict.message));
      return false;
    }
    if (verdict.value === self) {
      this.#refuse(connection, 'PEER_IS_SELF', new Error('another process runs with the key of this node'));
      return false;
    }
    if (this.#dependencies.isBanned(verdict.value)) {
      this.#refuse(connection, 'PEER_SCORE_LOW', new Error('this validator was disconnected for its score'));
      return false;
    }
    const entry = this.#entries.get(remotePeer.toString());
    if (entry === undefined) return false;
    entry.validator = verdict.value;
    entry.known.resolve(verdict.value);
    this.#limitIdentities(verdict.value);
    return true;
  }

  #limitIdentities(validator: ValidatorIndex): void {
    const identities = this.identitiesOf(validator);
    if (identities.length <= this.#options.identitiesMax) return;
    const oldest = this.#entries.get(identities[0]?.toString() ?? '');
    for (const connection of oldest?.connections ?? []) this.#end(connection, 'PEER_IDENTITIES_TOO_MANY');
  }

  #refuse(connection: Connection, code: string, reason: unknown): void {
    const { remotePeer } = connection;
    // A further connection of a peer that is known already may break while it closes; nobody is refused for that.
    if (this.validatorOf(remotePeer) !== undefined || connection.status !== 'open') return;
    this.#entries.get(remotePeer.toString())?.known.resolve(undefined);
    this.#end(connection, code, reason);
  }

  #end(connection: Connection, code: string, reason: unknown = undefined): void {
    this.#dependencies.counters.add('peer_refused', code);
    connection.abort(reason instanceof Error ? reason : new Error(code));
  }

  #forget(peer: Libp2pPeerId): void {
    const entry = this.#entries.get(peer.toString());
    if (entry === undefined) return;
    this.#entries.delete(peer.toString());
    entry.known.resolve(undefined);
  }
}
