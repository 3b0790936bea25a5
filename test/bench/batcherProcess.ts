/** A server of the benchmark as a process of its own, and what it can be asked. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type ServerKind = 'baseline' | 'batcher';
export type ServerOrder = 'usage' | 'stop';
export type ServerReport =
  | { readonly type: 'ready'; readonly url: string }
  | {
      readonly type: 'usage';
      /** Live, after a collection. */
      readonly heapMb: number;
      readonly rssMb: number;
      /** Of all threads since the start. */
      readonly cpuMs: number;
    };

/** What one server says beside its address. */
export class BenchServer {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** @param options - `isProfiled`: writes a profile of its processor time into the working directory when it stops. */
  static async start(
    kind: ServerKind,
    { isProfiled = false }: { readonly isProfiled?: boolean } = {},
  ): Promise<BenchServer> {
    const file = fileURLToPath(new URL('./batcherServer.js', import.meta.url));
    const child = fork(file, [kind], { execArgv: ['--expose-gc', ...(isProfiled ? ['--cpu-prof'] : [])] });
    const [report] = (await once(child, 'message')) as [ServerReport];
    if (report.type !== 'ready') throw new Error('the server did not start');
    return new BenchServer(child, report.url);
  }

  async usage(): Promise<Extract<ServerReport, { readonly type: 'usage' }>> {
    const answered = once(this.#process, 'message');
    this.#process.send('usage' satisfies ServerOrder);
    const [report] = (await answered) as [ServerReport];
    if (report.type !== 'usage') throw new Error('the server did not answer');
    return report;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.send('stop' satisfies ServerOrder);
    await ended;
  }
}
