/**
 * How fast what belongs to atomic batches is, as ratios within one run (docs/performance.md, proofs of settlements).
 *
 *   npm run bench:atomic              a table, and which bars are met
 *   npm run bench:atomic -- --json    one JSON object
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureProofs, printProofs } from './proofs.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const load = loadavg()[0] ?? 0;
const proofs = await measureProofs();
if (values.json) console.log(JSON.stringify({ load, proofs }));
else {
  printProofs(proofs);
  console.log(`load of the machine before: ${load.toFixed(1)} (on a busy one bars may be missed)`);
}
