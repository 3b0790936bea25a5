/** Runs the programs of docs/input-client.md against a node. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiHarness } from '../../../../helpers/apiHarness.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const programs = [...readFileSync('docs/input-client.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, text = '']) => text,
);

describe('docs/input-client.md', () => {
  let api: ApiHarness;
  let folder = '';
  beforeEach(async () => {
    api = await ApiHarness.start();
    folder = mkdtempSync(join(tmpdir(), 'sidereal-docs-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await api.stop();
  });

  /** @returns What it printed. */
  async function run(program: string | undefined): Promise<readonly string[]> {
    const { outputFiles } = await build({
      stdin: {
        contents: (program ?? '').replace('http://127.0.0.1:4400', api.url),
        loader: 'ts',
        resolveDir: resolve('.'),
      },
      alias: { 'sidereal/node': resolve('node') },
      bundle: true,
      format: 'esm',
      write: false,
    });
    const path = join(folder, 'program.mjs');
    writeFileSync(path, outputFiles[0]?.contents ?? '');
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    try {
      await import(/* @vite-ignore */ pathToFileURL(path).href);
      return print.mock.calls.map(([line]) => String(line));
    } finally {
      print.mockRestore();
    }
  }

  it('sends an input and follows it until it is processed', async () => {
    expect(await run(programs[0])).toEqual([`in block 12: ${hashOf('7a')}`]);
    expect(api.inputs.bodies).toMatchObject([
      { confirmationLevel: 'no-wait', data: { address: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266' } },
    ]);
  });

  it('signs with keys and wallets, and shows what is signed', async () => {
    const lines = await run(programs[1]);
    const wallet = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
    expect(lines).toEqual([
      'accepted',
      `1767225600000${wallet}borrow-um-1`,
      expect.stringMatching(new RegExp(`^please sign: [0-9]{13}${wallet}borrow-um-1$`)),
      'accepted',
    ]);
    expect(api.inputs.bodies).toMatchObject([{ data: { addressType: 200 } }, { data: { addressType: 0 } }]);
  });
});
