/**
 * PostgreSQL within this process (PGlite) behind a port, for machines without a server: enough of the wire protocol (PostgreSQL
 * documentation, 55.2) for clients that use simple and unnamed queries. There is one session, so connections take turns, a
 * transaction at a time, and what a connection has set is set again when its turn comes.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';

const SSL_REQUEST = 80_877_103;
/** Types of messages behind which a client waits for an answer: Query, Sync. */
const CYCLE_ENDS = ['Q', 'S'];
const IN_TRANSACTION = 'T';

export class PgliteServer {
  readonly #database: PGlite;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #last: Promise<unknown> = Promise.resolve();
  /** Whose settings the session has. */
  #settled: Session | undefined;

  private constructor(database: PGlite) {
    this.#database = database;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      void new Session(socket, this).serve();
    });
  }

  static async start(): Promise<PgliteServer> {
    // What asks for a durable server asks whether this is one; `-F` would turn fsync off.
    const startParams = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F');
    const server = new PgliteServer(await PGlite.create({ startParams }));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${(this.#server.address() as AddressInfo).port}/postgres`;
  }

  /** Gives the session to one connection until the work is done. */
  alone(session: Session, work: (run: (messages: Uint8Array) => Promise<Uint8Array>) => Promise<void>) {
    const run = (messages: Uint8Array): Promise<Uint8Array> => this.#database.execProtocolRaw(messages);
    const turn = this.#last.then(async () => {
      if (this.#settled !== session) {
        await this.#database.exec('RESET ALL');
        for (const setting of session.settings) await this.#database.exec(setting);
        this.#settled = session;
      }
      await work(run);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#last;
    await this.#database.close();
  }
}

/** One connection. */
class Session {
  /** Statements that changed the session for good. */
  readonly settings: string[] = [];
  readonly #socket: Socket;
  readonly #server: PgliteServer;
  #bytes = Buffer.alloc(0);
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, server: PgliteServer) {
    this.#socket = socket;
    this.#server = server;
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  async serve(): Promise<void> {
    if (!(await this.#greet())) return;
    for (let cycle = await this.#readCycle(); cycle !== undefined; cycle = await this.#readCycle()) {
      let messages: Buffer | undefined = cycle;
      await this.#server.alone(this, async (run) => {
        let status = '';
        while (messages !== undefined) {
          this.#noteSetting(messages);
          const answer = Buffer.from(await run(messages));
          // ReadyForQuery comes last, and says whether a transaction is open.
          status = String.fromCharCode(answer[answer.length - 1] ?? 0);
          this.#socket.write(answer);
          messages = status === IN_TRANSACTION ? await this.#readCycle() : undefined;
        }
        // Its connection went in the midst of a transaction: nothing of it happens.
        if (status === IN_TRANSACTION) await run(simpleQuery('ROLLBACK'));
      });
    }
  }

  /** Answers the first message with everything a client needs to know. */
  async #greet(): Promise<boolean> {
    for (;;) {
      const length = (await this.#read(4))?.readInt32BE(0);
      const rest = length === undefined ? undefined : await this.#read(length - 4);
      if (rest === undefined) return false;
      if (rest.readInt32BE(0) !== SSL_REQUEST) break;
      this.#socket.write('N');
    }
    const ready = [
      message('R', Buffer.alloc(4)),
      message('S', Buffer.from('client_encoding\0UTF8\0')),
      message('K', Buffer.alloc(8)),
      message('Z', Buffer.from('I')),
    ];
    this.#socket.write(Buffer.concat(ready));
    return true;
  }

  /** Messages up to the one that asks for an answer. @returns Undefined when the connection ends. */
  async #readCycle(): Promise<Buffer | undefined> {
    const messages: Buffer[] = [];
    for (;;) {
      const head = await this.#read(5);
      const type = String.fromCharCode(head?.[0] ?? 0);
      const body = head === undefined || type === 'X' ? undefined : await this.#read(head.readInt32BE(1) - 4);
      if (head === undefined || body === undefined) return undefined;
      messages.push(head, body);
      if (CYCLE_ENDS.includes(type)) return Buffer.concat(messages);
    }
  }

  async #read(byteCount: number): Promise<Buffer | undefined> {
    while (this.#bytes.length < byteCount && !this.#isEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#bytes.length < byteCount) return undefined;
    const read = this.#bytes.subarray(0, byteCount);
    this.#bytes = this.#bytes.subarray(byteCount);
    return read;
  }

  #noteSetting(messages: Buffer): void {
    const text = messages.subarray(5, messages.length - 1).toString();
    if (messages[0] === 'Q'.charCodeAt(0) && /^SET /i.test(text)) this.settings.push(text);
  }
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function simpleQuery(text: string): Buffer {
  return message('Q', Buffer.from(`${text}\0`));
}
