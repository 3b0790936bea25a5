/** Requests to one peer and their answers, each over a stream of its own with limits on size, number and time. */
import type { Libp2p, PeerId as Libp2pPeerId, Stream } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { PeerId, RequestProtocol } from '../core/types.ts';
import type { Counters } from './counters.ts';
import { wireName } from './libp2pTypes.ts';
import type { LinkConditions } from './linkConditions.ts';
import type { PeerDirectory } from './peerDirectory.ts';
import { plainBytes } from './plainBytes.ts';

/** A request without an answer fails after this long unless told otherwise, in ms; the simulated network waits as long. */
const REQUEST_TIMEOUT_MS = 5000;
/** Largest request, in bytes: a sync request is 48. */
export const REQUEST_BYTES_MAX = 4096;
/** Largest answer, in bytes: twice what a responder packs at most, so that one huge block always fits. */
export const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
/** Requests of one validator served at a time, over all it has connected; an honest node has one under way, or two around a restart. */
const REQUESTS_PER_PEER_MAX = 4;
/** Streams for them on one connection: those that are refused at once need one too. */
const INBOUND_STREAMS_MAX = 8;

const protocols: readonly RequestProtocol[] = ['sync'];

export interface RequestsOptions {
  readonly chainId: Hash;
  readonly requestTimeoutMs?: number;
}

export interface RequestsDependencies {
  readonly directory: PeerDirectory;
  readonly links: LinkConditions;
  readonly counters: Counters;
  /** The peer asked what no honest node asks. */
  readonly penalise: (peer: Libp2pPeerId) => void;
}

type Answer = (from: PeerId, protocol: RequestProtocol, bytes: Uint8Array) => Promise<Uint8Array | undefined>;

export class Requests {
  readonly #chainId: Hash;
  readonly #timeoutMs: number;
  readonly #dependencies: RequestsDependencies;
  /** Requests being served, by who asked. */
  readonly #served = new Map<PeerId, number>();
  #node: Libp2p | undefined;

  constructor(options: RequestsOptions, dependencies: RequestsDependencies) {
    this.#chainId = options.chainId;
    this.#timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#dependencies = dependencies;
  }

  /** Serves peers from now on. */
  async attach(node: Libp2p, answer: Answer): Promise<void> {
    this.#node = node;
    const { directory, counters, penalise } = this.#dependencies;
    for (const protocol of protocols) {
      await node.handle(
        wireName(this.#chainId, protocol),
        async (stream, connection) => {
          const { remotePeer } = connection;
          try {
            const from = await directory.knownAs(remotePeer);
            if (from === undefined) throw new Refusal('PEER_UNKNOWN');
            await this.#holding(from, () => this.#serve(stream, from, protocol, answer));
          } catch (error) {
            const code = refusalOf(error);
            counters.add('request_refused', code);
            if (code === 'REQUEST_TOO_LARGE') penalise(remotePeer);
            stream.abort(asError(error));
          }
        },
        { maxInboundStreams: INBOUND_STREAMS_MAX },
      );
    }
  }

  /** Counts a request while it is served. @throws when there are too many of that peer. */
  async #holding(from: PeerId, serve: () => Promise<void>): Promise<void> {
    const count = this.#served.get(from) ?? 0;
    if (count >= REQUESTS_PER_PEER_MAX) throw new Refusal('REQUESTS_TOO_MANY');
    this.#served.set(from, count + 1);
    try {
      await serve();
    } finally {
      const left = (this.#served.get(from) ?? 1) - 1;
      if (left > 0) this.#served.set(from, left);
      else this.#served.delete(from);
    }
  }

  async #serve(stream: Stream, from: PeerId, protocol: RequestProtocol, answer: Answer): Promise<void> {
    const { links } = this.#dependencies;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const messages = lpStream(stream, { maxDataLength: REQUEST_BYTES_MAX });
    const bytes = plainBytes((await messages.read({ signal })).subarray());
    if (!(await links.pass(from))) {
      stream.abort(new Error('lost on the way'));
      return;
    }
    const response = await answer(from, protocol, bytes);
    if (response === undefined || response.length > RESPONSE_BYTES_MAX) throw new Refusal('REQUEST_REFUSED');
    await messages.write(response, { signal });
    await stream.close({ signal });
  }

  /** @returns The answer; undefined when the peer refused, is away or took too long. */
  async send(peer: PeerId, protocol: RequestProtocol, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const { directory, links, counters } = this.#dependencies;
    const remote = directory.peerOf(peer);
    const connection = remote && this.#node?.getConnections(remote).find(({ status }) => status === 'open');
    if (connection === undefined || bytes.length > REQUEST_BYTES_MAX) {
      counters.add('request_failed', protocol);
      return undefined;
    }
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const stream = await connection.newStream(wireName(this.#chainId, protocol), { signal });
      try {
        const options = { maxDataLength: RESPONSE_BYTES_MAX, maxBufferSize: RESPONSE_BYTES_MAX + 16 };
        const messages = lpStream(stream, options);
        await messages.write(bytes, { signal });
        const response = plainBytes((await messages.read({ signal })).subarray());
        await stream.close({ signal });
        if (await links.pass(peer)) return response;
      } catch (error) {
        stream.abort(asError(error));
      }
    } catch {
      // The connection went away under the request: it failed, like one that was refused.
    }
    counters.add('request_failed', protocol);
    return undefined;
  }
}

/** A request that is not served, and why. */
class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode) {
    super(code);
    this.code = code;
  }
}

type RefusalCode =
  | 'PEER_UNKNOWN'
  | 'REQUESTS_TOO_MANY'
  | 'REQUEST_TOO_LARGE'
  | 'REQUEST_REFUSED'
  | 'REQUEST_LOST';

/** `REQUEST_LOST`: the peer asked or read too slowly, or went away. */
function refusalOf(error: unknown): RefusalCode {
  if (error instanceof Refusal) return error.code;
  return error instanceof Error && error.name === 'InvalidDataLengthError'
    ? 'REQUEST_TOO_LARGE'
    : 'REQUEST_LOST';
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
