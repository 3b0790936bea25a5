/** The version of the package. */
import { readFileSync } from 'node:fs';

/** The version of the package this file belongs to, two folders up in source and three in `dist`. */
export function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: unknown;
        version?: unknown;
      };
      if (name === 'sidereal') return String(version);
    } catch {
      // Not at this depth: the other one is tried.
    }
  }
  return 'unknown';
}
