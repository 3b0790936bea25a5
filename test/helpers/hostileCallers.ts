/** Callers of a node's HTTP server on bare connections, who may do as they like, and one beside them who behaves. */
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { formatCommand } from '../../settlement/input/command.ts';
import { signedInput } from './batcherOverHttp.ts';

/** @param allowHalfOpen - Whether it stays when the server hangs up. */
export function dial(url: string, allowHalfOpen = false): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen });
  socket.on('error', () => undefined);
  return socket;
}

/** @returns All that comes until the connection is closed. */
export function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes) => {
    text += String(bytes);
  });
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

/** Sends `start`, and then a byte ten times a second for as long as the connection lasts. */
export function drip(socket: Socket, start: string, byte: string): void {
  socket.write(start);
  const timer = setInterval(() => {
    if (socket.writable) socket.write(byte);
  }, 100);
  socket.once('close', () => clearInterval(timer));
}

/** Sends inputs, one after the other on one connection, until he is told to stop. */
export class WellBehavedCaller {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #ports = new Set<number | undefined>();
  #isStopped = false;
  #sentCount = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Inputs that the node took from him. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Connections that he needed. */
  get connectionCount(): number {
    return this.#ports.size;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.sendOne();
      // Lets the others have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#agent.destroy();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async sendOne(): Promise<void> {
    const amount = BigInt(this.#sentCount + 1);
    const data = signedInput(formatCommand({ type: 'borrow', asset: 'USDC', amount }));
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = request(`${this.#url}/send-input`, {
        method: 'POST',
        agent: this.#agent,
        headers: { 'content-type': 'application/json' },
      });
      asked.on('error', reject);
      asked.on('response', (response) => {
        this.#ports.add(response.socket.localPort);
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(text));
      });
      asked.end(JSON.stringify({ data, confirmationLevel: 'no-wait' }));
    });
    expect(JSON.parse(answer)).toMatchObject({ success: true, message: 'Input queued for batching' });
    this.#sentCount += 1;
  }
}
