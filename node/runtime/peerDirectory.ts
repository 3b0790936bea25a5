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

/** Time a peer has to say who it is, in ms: a few round trips of the slowest link, and a busy machine. */
const HANDSHAKE_TIMEOUT_MS = 5000;

export interface PeerDirectoryOptions {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly self: ValidatorIndex;
}

export interface PeerDirectoryDependencies {
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly counters: Counters;
}

/** What is known of one libp2p identity while it is connected. */
interface Entry {
  validator: ValidatorIndex | undefined;
  readonly known: PromiseResolvers<ValidatorIndex | undefined>;
}

export class PeerDirectory {
  readonly #options: PeerDirectoryOptions;
  readonly #dependencies: PeerDirectoryDependencies;
  readonly #protocol: string;
  /** By libp2p identity, as text. */
  readonly #entries = new Map<string, Entry>();
  /** The identity that a validator showed last. */
  readonly #peerByValidator = new Map<ValidatorIndex, Libp2pPeerId>();
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

  /** The libp2p identity under which a validator is connected. */
  peerOf(validator: ValidatorIndex): Libp2pPeerId | undefined {
    return this.#peerByValidator.get(validator);
  }

  /** Validators that are connected now. */
  get connected(): readonly ValidatorIndex[] {
    return [...this.#peerByValidator.keys()].sort((a, b) => a - b);
  }

  #opened(connection: Connection): void {
    const peer = connection.remotePeer.toString();
    if (!this.#entries.has(peer)) {
      this.#entries.set(peer, { validator: undefined, known: createResolvers() });
    }
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

  async #introduce(connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS);
    const stream = await connection.newStream(this.#protocol, { signal });
    await this.#exchange(stream, connection, 'ask');
  }

  /** Both sides send and read; the side that asked sends first. */
  async #exchange(stream: Stream, connection: Connection, role: 'ask' | 'answer'): Promise<void> {
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS);
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
    const entry = this.#entries.get(remotePeer.toString());
    if (entry === undefined) return false;
    entry.validator = verdict.value;
    this.#peerByValidator.set(verdict.value, remotePeer);
    entry.known.resolve(verdict.value);
    return true;
  }

  #refuse(connection: Connection, code: string, reason: unknown): void {
    const { remotePeer } = connection;
    // A further connection of a peer that is known already may break while it closes; nobody is refused for that.
    if (this.validatorOf(remotePeer) !== undefined || connection.status !== 'open') return;
    this.#dependencies.counters.add('peer_refused', code);
    this.#entries.get(remotePeer.toString())?.known.resolve(undefined);
    connection.abort(reason instanceof Error ? reason : new Error(code));
  }

  #forget(peer: Libp2pPeerId): void {
    const entry = this.#entries.get(peer.toString());
    if (entry === undefined) return;
    this.#entries.delete(peer.toString());
    entry.known.resolve(undefined);
    const { validator } = entry;
    if (validator !== undefined && this.#peerByValidator.get(validator)?.equals(peer) === true) {
      this.#peerByValidator.delete(validator);
    }
  }
}
