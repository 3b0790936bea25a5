/**
 * The folder `inputs` in the data directory of a node: one log a life of its process, `1.log`, `2.log` and so on. What
 * is there is never written to again.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const INPUT_FOLDER = 'inputs';

export interface LifeFile {
  readonly life: number;
  readonly path: string;
  readonly byteCount: number;
}

/** Logs in order of their lives; a folder that is not there has none. */
export function listLives(directory: string): readonly LifeFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      const [, digits] = /^([1-9][0-9]{0,8})\.log$/.exec(name) ?? [];
      if (digits === undefined) return [];
      const path = join(directory, name);
      return [{ life: Number(digits), path, byteCount: statSync(path).size }];
    })
    .sort((one, other) => one.life - other.life);
}

export function lifePath(directory: string, life: number): string {
  return join(directory, `${life}.log`);
}
