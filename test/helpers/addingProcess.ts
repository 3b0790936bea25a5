/** Runs `addInputs.ts` and gathers what was acknowledged. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { InputStorageOptions } from '../../node/batcher/storage/openInputStorage.ts';

export interface AddingReport {
  /** Numbers of inputs that this process was first with, and those that it found. */
  readonly added: readonly number[];
  readonly known: readonly number[];
}

export interface AddingOptions {
  readonly storage: InputStorageOptions;
  readonly first: number;
  readonly count: number;
  /** Acknowledgements after which the process is killed; undefined: it ends by itself. */
  readonly killAfter?: number;
}

/** @throws {Error} when the process fails by itself. */
export async function runAddingProcess({
  storage,
  first,
  count,
  killAfter,
}: AddingOptions): Promise<AddingReport> {
  const main = fileURLToPath(new URL('./addInputs.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', main, JSON.stringify(storage), String(first), String(count), String(killAfter ?? '')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const added: number[] = [];
  const known: number[] = [];
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += String(text);
  });
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [word, number] = line.split(' ');
    (word === 'new' ? added : known).push(Number(number));
  });
  const closed = once(lines, 'close');
  const [code, signal] = await exit;
  await closed;
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`adding failed: ${complaint}`);
  return { added, known };
}
