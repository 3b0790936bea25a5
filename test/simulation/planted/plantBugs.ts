/**
 * A Vite plugin that loads the program once more for every planted bug: a module asked for as `file.ts?bug=name`, and
 * all that it imports, is a copy of its own in which the bug's lines stand in place of the honest ones. Nothing of this
 * is in the program; a bug whose honest lines are not there any more fails the test that loads it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { bugs } from './bugs.ts';

const QUERY = '?bug=';
const root = resolve(import.meta.dirname, '../../..');

interface Module {
  readonly path: string;
  readonly bug: string;
}

/** The hooks of a Vite plugin that are used here. */
interface BugPlugin {
  readonly name: string;
  readonly enforce: 'pre';
  resolveId(source: string, importer: string | undefined): string | undefined;
  load(id: string): string | undefined;
}

function parseId(id: string | undefined): Module | undefined {
  const [path, bug] = id?.split(QUERY) ?? [];
  if (path === undefined || bug === undefined) return undefined;
  // Vite names files of the checkout from its root on.
  return { path: path.startsWith(root) ? path : join(root, path), bug: bug.split('&')[0] ?? '' };
}

export function plantBugs(): BugPlugin {
  return {
    name: 'plant-bugs',
    enforce: 'pre',
    resolveId(source, importer) {
      const asked = parseId(source);
      if (asked !== undefined) return `${asked.path}${QUERY}${asked.bug}`;
      const from = parseId(importer);
      if (from === undefined || !source.startsWith('.')) return undefined;
      return `${join(dirname(from.path), source)}${QUERY}${from.bug}`;
    },
    load(id) {
      const asked = parseId(id);
      if (asked === undefined) return undefined;
      const text = readFileSync(asked.path, 'utf8');
      const bug = bugs.find(({ name }) => name === asked.bug);
      if (bug === undefined) throw new Error(`no bug is called ${asked.bug}`);
      const file = relative(root, asked.path).replaceAll('\\', '/');
      return bug.edits
        .filter((edit) => edit.file === file)
        .reduce((changed, { honest, planted }) => replaceOnce(changed, honest, planted, file), text);
    },
  };
}

/** @throws {Error} When the honest lines are not in the file, or more than once. */
export function replaceOnce(text: string, honest: string, planted: string, file: string): string {
  const parts = text.split(honest);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${honest}`);
  return parts.join(planted);
}
