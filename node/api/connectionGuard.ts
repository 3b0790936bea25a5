/**
 * Bounds how many connections are open without letting idle ones lock others out: at the limit a newcomer takes the place of
 * a connection that nobody would miss, of the client that has most of them. One whose request is here whole is never cut.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientKeyOf } from '../batcher/input/clientKey.ts';

export class ConnectionGuard {
  readonly #connectionsMax: number;
  /** Client of every open connection. */
  readonly #clients = new Map<Socket, string>();
  readonly #counts = new Map<string, number>();
  /** Those that sent no whole request yet, or were answered and ask nothing: the longest so first. */
  readonly #idle = new Set<Socket>();
  /** Requests that are here whole and not answered. */
  readonly #served = new Map<Socket, number>();

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax;
  }

  watch(server: Server): void {
    server.on('connection', (socket) => this.#open(socket));
    server.on('request', (request, response) => this.#follow(request, response));
  }

  #open(socket: Socket): void {
    const client = clientKeyOf(socket.remoteAddress ?? '');
    this.#clients.set(socket, client);
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
    socket.once('close', () => this.#close(socket));
    if (this.#clients.size > this.#connectionsMax) this.#evict(socket);
    if (this.#clients.has(socket)) this.#idle.add(socket);
  }

  #close(socket: Socket): void {
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    this.#clients.delete(socket);
    this.#idle.delete(socket);
    this.#served.delete(socket);
    const left = (this.#counts.get(client) ?? 0) - 1;
    if (left > 0) this.#counts.set(client, left);
    else this.#counts.delete(client);
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const { socket, headers } = request;
    let isWhole = false;
    const note = (): void => {
      if (isWhole || !this.#clients.has(socket)) return;
      isWhole = true;
      this.#served.set(socket, (this.#served.get(socket) ?? 0) + 1);
      this.#idle.delete(socket);
    };
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    // A body may never come: until it is here the connection counts as idle.
    if (hasBody) request.once('end', note);
    else note();
    response.once('close', () => {
      if (!this.#clients.has(socket)) return;
      const left = (this.#served.get(socket) ?? 0) - (isWhole ? 1 : 0);
      if (left > 0) this.#served.set(socket, left);
      else {
        this.#served.delete(socket);
        this.#idle.delete(socket);
        this.#idle.add(socket);
      }
    });
  }

  /** Makes room: where nobody is idle the newcomer has to go itself. */
  #evict(newcomer: Socket): void {
    const [greedy] = [...this.#counts].reduce((most, next) => (next[1] > most[1] ? next : most));
    const victim =
      find(this.#idle, (socket) => this.#clients.get(socket) === greedy) ??
      find(this.#idle, () => true) ??
      newcomer;
    // At once, so that the next newcomer does not find it here.
    this.#close(victim);
    victim.destroy();
  }
}

function find(sockets: ReadonlySet<Socket>, isWanted: (socket: Socket) => boolean): Socket | undefined {
  for (const socket of sockets) if (isWanted(socket)) return socket;
  return undefined;
}
