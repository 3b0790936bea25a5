/**
 * The part of the build that makes processes start quickly: the compiled program with its packages in a few files. A node
 * of a devnet reads hundreds of small modules otherwise, which takes three times as long as all the rest of its start.
 * `bin/sidereal.js` uses it for the commands of processes; everything else runs from the files beside it.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { browserBuild, browserScripts } from '../node/api/playground/browserScript.ts';

/** Packages with binaries of their own, that look for files beside themselves, whose exports a bundle loses, or that no process needs. */
const external = [
  '@electric-sql/pglite',
  'bullmq',
  'classic-level',
  'echarts',
  'esbuild',
  'ioredis',
  'level',
  'pino',
  'secp256k1',
  'sodium-native',
];
const outdir = 'dist/bundle';

rmSync(outdir, { recursive: true, force: true });
await build({
  // Each beside the others, so that the program finds its threads as it does in the files that are not bundled.
  entryPoints: { main: 'dist/node/cli/main.js', proofWorker: 'dist/node/runtime/proofWorker.js' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external,
  // Packages in the older module format still call `require`.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
// What a node gives to browsers, beside it.
await build({
  ...browserBuild,
  entryPoints: Object.fromEntries(
    browserScripts.map((name) => [name, `node/api/playground/browser/${name}.ts`]),
  ),
  outdir,
  logLevel: 'warning',
});
