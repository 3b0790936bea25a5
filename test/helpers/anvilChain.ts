/** An EVM chain of a test's own: anvil, which mines when it is told to, or at its block time; ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { freePort } from './freePort.ts';
import { waitUntil } from './waitUntil.ts';

export const ANVIL_CHAIN_ID = 31_337;

const binary = (): string => {
  const given = process.env.SIDEREAL_TEST_ANVIL_PATH ?? '';
  if (given !== '') return given;
  const { platform, arch } = process;
  const machine = arch === 'x64' ? 'amd64' : arch;
  const file = platform === 'win32' ? 'anvil.exe' : 'anvil';
  return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${platform}-${machine}/bin/${file}`);
};

export class AnvilChain {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(port: number, chainId: number, settings: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`;
    const where = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)];
    this.#process = spawn(binary(), [...where, '--accounts', '1', '--quiet', ...settings], {
      stdio: 'ignore',
    });
  }

  /** @param settings - `--no-mining`, unless it is to mine by itself. */
  static async start(
    settings: readonly string[] = ['--no-mining'],
    chainId = ANVIL_CHAIN_ID,
  ): Promise<AnvilChain> {
    const chain = new AnvilChain(await freePort(), chainId, settings);
    await waitUntil(() =>
      chain.request('eth_chainId').then(
        () => true,
        () => false,
      ),
    );
    return chain;
  }

  async request<Result = unknown>(method: string, ...params: readonly unknown[]): Promise<Result> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as {
      readonly result: Result;
      readonly error?: unknown;
    };
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  /** Takes all that waits into the first of these blocks. */
  async mine(count = 1): Promise<void> {
    await this.request('anvil_mine', `0x${count.toString(16)}`);
  }

  async transactionCount(account: string): Promise<number> {
    return Number(await this.request<string>('eth_getTransactionCount', account, 'latest'));
  }

  /** It takes connections and answers nothing, until it goes on. */
  halt(): void {
    this.#process.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process.kill('SIGCONT');
  }

  async end(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
