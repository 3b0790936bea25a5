/** What decides the outcome of a cell besides its scenario: the program. Its files, hashed, so that cells of another build are never taken for this one's. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders whose code a cell runs through. */
const folders = [
  'consensus',
  'settlement',
  'node/config',
  'node/core',
  'node/experiment',
  'node/laws',
  'node/report',
  'node/scenario',
  'node/simulation',
  'node/timeline',
] as const;

/** SHA-256 over every source file of the simulation, as it stands in this checkout or build. */
export function fingerprintProgram(): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const hash = createHash('sha256');
  for (const folder of folders) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(ending) && !name.endsWith('.d.ts'))
      .sort();
    for (const name of names)
      hash.update(`${folder}/${name}\n`).update(readFileSync(join(root, folder, name)));
  }
  return hash.digest('hex');
}
