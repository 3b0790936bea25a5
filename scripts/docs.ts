/**
 * `npm run docs`: writes the generated parts of README.md and docs/ anew, from schemas, code tables and a run. What
 * stands outside the markers is written by hand and never touched.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedDocuments, regenerate } from './docs/generate.ts';

for (const [path, partsOf] of Object.entries(generatedDocuments)) {
  const before = readFileSync(path, 'utf8');
  const after = regenerate(before, await partsOf());
  if (after !== before) writeFileSync(path, after);
  console.log(`${path}: ${after === before ? 'unchanged' : 'written'}`);
}
