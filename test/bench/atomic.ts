/**
 * How fast what belongs to atomic batches is, as ratios within one run (docs/performance.md, atomic batches).
 *
 *   npm run bench:atomic              a table, and which bars are met
 *   npm run bench:atomic -- --json    one JSON object
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureExecution, printExecution } from './atomicExecution.ts';
import { measureGas, printGas } from './atomicGas.ts';
import { measureProofs, printProofs } from './proofs.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const load = loadavg()[0] ?? 0;
const execution = await measureExecution();
const gas = measureGas();
const proofs = await measureProofs();
if (values.json) console.log(JSON.stringify({ load, execution, gas, proofs }));
else {
  printExecution(execution);
  printGas(gas);
  printProofs(proofs);
  console.log(`load of the machine before: ${load.toFixed(1)} (on a busy one bars may be missed)`);
}
