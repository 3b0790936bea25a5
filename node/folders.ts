/** Folders of output, made one level at a time: a recursive `mkdir` never ends where the file system refuses oddly. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder and those around it. @throws What the file system says. */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  let current = resolve(path);
  while (!exists(current)) {
    missing.push(current);
    const around = dirname(current);
    if (around === current) break;
    current = around;
  }
  for (const folder of missing.reverse()) mkdirSync(folder);
}

/** Says why no file can be written at `path`, or nothing when it can. Changes nothing. */
export function findWriteProblem(path: string): string | undefined {
  try {
    if (exists(path)) {
      if (statSync(path).isDirectory()) return `${path} is a folder`;
      accessSync(path, constants.W_OK);
      return undefined;
    }
    let folder = dirname(resolve(path));
    while (!exists(folder) && dirname(folder) !== folder) folder = dirname(folder);
    if (!statSync(folder).isDirectory()) return `${folder} is not a folder`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw cause;
  }
}
