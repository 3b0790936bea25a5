/** Files that come with the package: beside the source of a checkout, or around `dist`. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert } from '../../consensus/primitives/codedError.ts';

/** @param path - From the root of the package. */
export function findPackageFile(path: string): string {
  const found = ['../../', '../../../']
    .map((root) => fileURLToPath(new URL(`${root}${path}`, import.meta.url)))
    .find(existsSync);
  assert(found !== undefined, `the package lacks ${path}`);
  return found;
}
