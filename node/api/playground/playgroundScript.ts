/**
 * The script of the playground, for browsers: the build puts it into one file beside the program. A program that runs from
 * its sources bundles it on the spot.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** How the build makes it too (scripts/bundle.ts). */
export const playgroundBuild = {
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  charset: 'utf8',
} as const satisfies BuildOptions;

export async function loadPlaygroundScript(): Promise<string> {
  const own = import.meta.url;
  if (own.endsWith('.ts')) return bundleFromSource(new URL('./browser/playground.ts', own));
  // Bundled, this file lies where the script does.
  const beside = new URL('./playground.js', own);
  return readFile(existsSync(beside) ? beside : new URL('../../../bundle/playground.js', own), 'utf8');
}

async function bundleFromSource(entry: URL): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...playgroundBuild,
    entryPoints: [fileURLToPath(entry)],
    write: false,
  });
  return outputFiles.map(({ text }) => text).join('');
}
