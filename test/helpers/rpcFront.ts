/** Stands before a JSON-RPC node and answers as a bad one would; what is not said otherwise goes through. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  /** The node's own answer. */
  readonly forward: () => Promise<string>;
  readonly response: ServerResponse;
}

/** @returns The body that is sent; undefined: the hook has answered, or cut the connection. */
export type RpcHook = (call: RpcCall) => Promise<string | undefined>;

export class RpcFront {
  hook: RpcHook = ({ forward }) => forward();
  /** Methods that came, in order. */
  readonly calls: string[] = [];
  readonly #server: Server;

  private constructor(behind: string) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const { method, params } = JSON.parse(body) as { readonly method: string; readonly params: unknown[] };
      this.calls.push(method);
      const forward = async (): Promise<string> => {
        const headers = { 'content-type': 'application/json' };
        return (await fetch(behind, { method: 'POST', headers, body })).text();
      };
      const answer = await this.hook({ method, params, forward, response });
      if (answer !== undefined) response.end(answer);
    });
  }

  static async open(behind: string): Promise<RpcFront> {
    const front = new RpcFront(behind);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

export function rpcResult(result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, result });
}

export function rpcError(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message } });
}
