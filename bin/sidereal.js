#!/usr/bin/env node
// Starts the compiled command line; a checkout that was never built is told how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/node/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) await import(main.href);
else {
  process.stderr.write('sidereal is not built yet: run `npm ci` (or `npm run build`) in its folder first.\n');
  process.exitCode = 3;
}
