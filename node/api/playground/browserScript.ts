/**
 * The scripts of the node's pages, for browsers: the build puts each into one file beside the program. A program that runs
 * from its sources bundles them on the spot.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

export const browserScripts = ['playground', 'orders'] as const;
export type BrowserScript = (typeof browserScripts)[number];

/** How the build makes them too (scripts/bundle.ts). */
export const browserBuild = {
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  charset: 'utf8',
} as const satisfies BuildOptions;

export async function loadBrowserScript(name: BrowserScript): Promise<string> {
  const own = import.meta.url;
  if (own.endsWith('.ts')) return bundleFromSource(new URL(`./browser/${name}.ts`, own));
  // Bundled, this file lies where the scripts do.
  const beside = new URL(`./${name}.js`, own);
  return readFile(existsSync(beside) ? beside : new URL(`../../../bundle/${name}.js`, own), 'utf8');
}

async function bundleFromSource(entry: URL): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...browserBuild,
    entryPoints: [fileURLToPath(entry)],
    write: false,
  });
  return outputFiles.map(({ text }) => text).join('');
}
