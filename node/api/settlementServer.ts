/** The HTTP door of a settlement chain: JSON-RPC by POST, nothing else. Limits on bodies, headers and connections. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CodedError } from '../../consensus/primitives/codedError.ts';

/** Largest body: a settlement transaction in hex with room to spare, in bytes. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Time to send a request whole, in ms. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 5000;
/** Connections at a time: each node keeps a long poll and a few calls open. */
const CONNECTIONS_MAX = 512;

/** Answers a body. @returns Undefined for an answer that is never to come. */
export type Answer = (body: string, isAdmin: boolean) => Promise<object | undefined>;

export interface SettlementServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Who shows it may call admin methods; undefined: nobody may. */
  readonly adminToken: string | undefined;
}

export class SettlementServer {
  readonly #server: Server;
  readonly #options: SettlementServerOptions;

  constructor(options: SettlementServerOptions, dependencies: { readonly answer: Answer }) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response, dependencies.answer).catch(() => request.destroy());
    });
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = HEADERS_TIMEOUT_MS;
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * @returns Where it listens, as a URL.
   * @throws {CodedError} `SETTLEMENT_LISTEN_FAILED`: nothing can listen there.
   */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(settlementListenRefused(host, port, cause));
      });
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  }

  /** Ends connections too, those that wait for a block among them. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    if (request.method !== 'POST') {
      refuse(response, 405);
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      refuse(response, 413);
      return;
    }
    const answered = await answer(body, this.#isAdmin(request));
    // Lost on the way, as a fault has it: the caller gives up by itself.
    if (answered === undefined) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answered));
  }

  #isAdmin({ headers }: IncomingMessage): boolean {
    const { adminToken } = this.#options;
    if (adminToken === undefined) return false;
    const shown = new TextEncoder().encode(headers.authorization ?? '');
    const wanted = new TextEncoder().encode(`Bearer ${adminToken}`);
    return shown.length === wanted.length && timingSafeEqual(shown, wanted);
  }
}

/** What to say when the settlement chain cannot listen: `SETTLEMENT_LISTEN_FAILED`. */
export function settlementListenRefused(
  host: string,
  port: number,
  cause: NodeJS.ErrnoException,
): CodedError {
  const message =
    cause.code === 'EADDRINUSE'
      ? `${host}:${port} is in use: stop the other program, or choose another api.port`
      : `the settlement chain cannot listen on ${host}:${port}: ${cause.message}; correct api.host and api.port`;
  return new CodedError('SETTLEMENT_LISTEN_FAILED', message, { host, port }, { cause });
}

/** @returns Undefined when it is too large; the rest of it is not read. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    byteCount += chunk.length;
    if (byteCount > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close' });
  response.end();
}
