#!/usr/bin/env node
// Starts the compiled command line; a checkout that was never built is told how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/node/cli/main.js', import.meta.url);
// The same program in a few files (scripts/bundle.ts): for processes, of which a devnet starts many at once.
const bundle = new URL('../dist/bundle/main.js', import.meta.url);
const isProcess = ['node', 'chain', 'devnet'].includes(process.argv[2]);
const program = [...(isProcess ? [bundle] : []), main].find((url) => existsSync(fileURLToPath(url)));
if (program !== undefined) await import(program.href);
else {
  process.stderr.write('sidereal is not built yet: run `npm ci` (or `npm run build`) in its folder first.\n');
  process.exitCode = 3;
}
