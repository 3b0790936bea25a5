/**
 * YAML as a tree whose every value knows where it stands. Nothing of YAML leaves this file but maps, lists and plain
 * scalars: no tags, no merge keys, no complex keys, and every size bounded before the parser sees the text, because
 * the parser needs quadratic time or memory on some hostile inputs.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  Parser,
} from 'yaml';
import type { ConfigCode } from './codes.ts';
import type { Checked, Position, Problem } from './problem.ts';

export type ScalarValue = string | number | bigint | boolean | null;

export type Located =
  | { readonly kind: 'map'; readonly at: Position; readonly entries: ReadonlyMap<string, LocatedEntry> }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly Located[] }
  /** A `bigint` is an integer beyond 2^53, which only amounts accept. */
  | { readonly kind: 'scalar'; readonly at: Position; readonly value: ScalarValue };

export type LocatedMap = Extract<Located, { kind: 'map' }>;

export interface LocatedEntry {
  readonly keyAt: Position;
  readonly value: Located;
}

/** Largest YAML file, in bytes. Keeps the worst known input of the parser below a second; long flows belong in a trace. */
export const YAML_BYTES_MAX = 256 * 1024;
/** Deepest nesting of a document. */
export const YAML_DEPTH_MAX = 32;
/** Most values after aliases are expanded. */
export const YAML_NODES_MAX = 200_000;
/** Most directives (`%YAML 1.2`) before a document: the parser joins them one by one. */
const DIRECTIVES_MAX = 8;
/** Syntax errors listed of one file; what follows the first is mostly its echo. */
const SYNTAX_PROBLEMS_MAX = 20;

/**
 * Parses one YAML document.
 * @param text - The whole file.
 * @param file - Its name, for messages.
 * @returns The root map, or every syntax problem found.
 */
export function parseYaml(text: string, file: string): Checked<LocatedMap> {
  const whole: Position = { file, line: 1, column: 1 };
  const fail = (code: ConfigCode, message: string, at = whole, hint?: string): Checked<LocatedMap> => ({
    ok: false,
    problems: [{ ...at, path: '', code, message, hint }],
  });
  if (Buffer.byteLength(text) > YAML_BYTES_MAX) {
    return fail(
      'FILE_TOO_LARGE',
      `expected at most ${YAML_BYTES_MAX} bytes, got ${Buffer.byteLength(text)}`,
      whole,
      'put long flows into a trace (`workload: { trace: file.csv, … }`)',
    );
  }
  const deepLine = findDeepNesting(text);
  if (deepLine !== undefined) {
    return fail(
      'YAML_TOO_COMPLEX',
      `expected at most ${YAML_DEPTH_MAX} levels of nesting and ${DIRECTIVES_MAX} directives`,
      {
        file,
        line: deepLine,
        column: 1,
      },
    );
  }
  const lineCounter = new LineCounter();
  const positionOf = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line, column: col };
  };
  const document = composeDocument(text, lineCounter, positionOf);
  if (!document.ok) return document;
  const { contents } = document.value;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return fail('YAML_ROOT_NOT_MAP', 'expected a map of keys, got an empty file');
  }
  const walker = new Walker(file, positionOf);
  const root = walker.walk(contents, '', 0);
  if (walker.problems.length > 0) return { ok: false, problems: walker.problems };
  if (root === undefined || root.kind !== 'map') {
    return fail(
      'YAML_ROOT_NOT_MAP',
      `expected a map of keys, got ${root?.kind === 'list' ? 'a list' : 'a single value'}`,
    );
  }
  return { ok: true, value: root };
}

/** Parses in two steps, so that a text full of errors is left after the first few instead of being composed whole. */
function composeDocument(
  text: string,
  lineCounter: LineCounter,
  positionOf: (offset: number) => Position,
): Checked<Document.Parsed> {
  const problems: Problem[] = [];
  const report = (offset: number, message: string): void => {
    problems.push({ ...positionOf(offset), path: '', code: 'YAML_SYNTAX', message, hint: undefined });
  };
  const tokens: CST.Token[] = [];
  for (const token of new Parser(lineCounter.addNewLine).parse(text)) {
    if (token.type === 'error') report(token.offset, token.message);
    if (problems.length >= SYNTAX_PROBLEMS_MAX) break;
    tokens.push(token);
  }
  if (problems.length > 0) return { ok: false, problems };
  const composer = new Composer<ParsedNode>({ uniqueKeys: false, intAsBigInt: true, logLevel: 'error' });
  const documents = [...composer.compose(tokens, true, text.length)];
  const [document, second] = documents;
  for (const { pos, message } of document?.errors ?? []) {
    if (problems.length < SYNTAX_PROBLEMS_MAX) report(pos[0], message);
  }
  if (second !== undefined) report(second.range[0], 'expected one document, got another one behind `---`');
  if (document === undefined || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: document };
}

/** Turns YAML nodes into located values; stops early once a limit is passed. */
class Walker {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #positionAt: (offset: number) => Position;
  /** The newest node of each anchor so far; the library's own look-up walks the document for every alias. */
  readonly #anchors = new Map<string, unknown>();
  readonly #open = new Set<unknown>();
  #aliasDepth = 0;
  #nodeCount = 0;

  constructor(file: string, positionAt: (offset: number) => Position) {
    this.#file = file;
    this.#positionAt = positionAt;
  }

  walk(node: unknown, path: string, depth: number): Located | undefined {
    const at = this.#positionOf(node);
    this.#nodeCount += 1;
    if (this.#nodeCount > YAML_NODES_MAX || depth > YAML_DEPTH_MAX) {
      if (!this.problems.some(({ code }) => code === 'YAML_TOO_COMPLEX')) {
        const limit = depth > YAML_DEPTH_MAX ? `${YAML_DEPTH_MAX} levels` : `${YAML_NODES_MAX} values`;
        this.#report(at, path, 'YAML_TOO_COMPLEX', `expected at most ${limit} once aliases are expanded`);
      }
      return undefined;
    }
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined || this.#open.has(target)) {
        this.#report(at, path, 'YAML_ALIAS_UNKNOWN', `alias \`*${node.source}\` has no anchor before it`);
        return undefined;
      }
      this.#aliasDepth += 1;
      const located = this.walk(target, path, depth + 1);
      this.#aliasDepth -= 1;
      return located;
    }
    if (node === null) return { kind: 'scalar', at, value: null };
    const anchor = (node as { readonly anchor?: string }).anchor;
    if (anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(anchor, node);
    const { tag } = node as { readonly tag?: string };
    if (tag !== undefined) {
      this.#report(at, path, 'YAML_TAG_UNSUPPORTED', `tag \`${tag}\` is not used in these files`);
      return undefined;
    }
    this.#open.add(node);
    const located = this.#walkOwn(node, at, path, depth);
    this.#open.delete(node);
    return located;
  }

  #walkOwn(node: unknown, at: Position, path: string, depth: number): Located | undefined {
    if (isMap(node)) {
      const entries = new Map<string, LocatedEntry>();
      for (const pair of node.items) {
        const keyAt = this.#positionOf(pair.key);
        const key = this.#readKey(pair.key, keyAt, path);
        if (key === undefined) continue;
        const keyPath = path === '' ? key : `${path}.${key}`;
        if (entries.has(key)) {
          this.#report(keyAt, keyPath, 'YAML_KEY_DUPLICATE', `key \`${key}\` stands twice in this map`);
          continue;
        }
        const value = this.walk(pair.value, keyPath, depth + 1);
        if (value !== undefined)
          entries.set(key, { keyAt, value: value.at.line === undefined ? { ...value, at: keyAt } : value });
        if (this.#nodeCount > YAML_NODES_MAX) break;
      }
      return { kind: 'map', at, entries };
    }
    if (isSeq(node)) {
      const items: Located[] = [];
      for (const [index, item] of node.items.entries()) {
        const value = this.walk(item, `${path}.${index}`, depth + 1);
        if (value !== undefined) items.push(value);
        if (this.#nodeCount > YAML_NODES_MAX) break;
      }
      return { kind: 'list', at, items };
    }
    if (!isScalar(node)) return undefined;
    const { value } = node;
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'number'
    ) {
      return { kind: 'scalar', at, value };
    }
    if (typeof value === 'bigint') {
      const small = Number(value);
      return { kind: 'scalar', at, value: Number.isSafeInteger(small) ? small : value };
    }
    this.#report(at, path, 'YAML_TAG_UNSUPPORTED', `tag \`${String(node.tag)}\` is not used in these files`);
    return undefined;
  }

  #readKey(node: unknown, at: Position, path: string): string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'number')
      return String(value);
    this.#report(at, path, 'YAML_KEY_INVALID', 'expected a plain word as key');
    return undefined;
  }

  #positionOf(node: unknown): Position {
    const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
    const offset = range?.[0];
    if (offset === undefined) return { file: this.#file, line: undefined, column: undefined };
    return this.#positionAt(offset);
  }

  #report(at: Position, path: string, code: ConfigCode, message: string): void {
    this.problems.push({ ...at, path, code, message, hint: undefined });
  }
}

/**
 * Cheap look at the raw text before the parser: brackets that open without closing, a row of list dashes, or
 * a heap of directives.
 * Text in quotes and comments counts too, so the limit is a few times what any scenario needs.
 * @returns The line at which the limit is passed.
 */
function findDeepNesting(text: string): number | undefined {
  const limit = YAML_DEPTH_MAX * 2;
  let line = 1;
  let directives = 0;
  let depth = 0;
  let indicators = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '\n') {
      line += 1;
      indicators = 0;
      if (text[index + 1] === '%') directives += 1;
    } else if (char === '[' || char === '{') depth += 1;
    else if ((char === ']' || char === '}') && depth > 0) depth -= 1;
    else if ((char === '-' || char === '?' || char === ':') && text[index + 1] === ' ') indicators += 1;
    else if (char !== ' ' && char !== '\t') indicators = 0;
    if (depth > limit || indicators > limit || directives > DIRECTIVES_MAX) return line;
  }
  return undefined;
}

/** A plain value (from JSON, an option, a variable) as a located tree; every part stands at `at`. */
export function locatePlain(value: unknown, at: Position): Located {
  if (Array.isArray(value)) return { kind: 'list', at, items: value.map((item) => locatePlain(item, at)) };
  if (typeof value === 'object' && value !== null) {
    const entries = new Map<string, LocatedEntry>();
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) entries.set(key, { keyAt: at, value: locatePlain(item, at) });
    }
    return { kind: 'map', at, entries };
  }
  if (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint'
  ) {
    return { kind: 'scalar', at, value };
  }
  return { kind: 'scalar', at, value: null };
}

/** The tree without its places. Maps have no prototype, so a key such as `__proto__` is a key like any other. */
export function toPlain(located: Located): unknown {
  if (located.kind === 'scalar') return located.value;
  if (located.kind === 'list') return located.items.map(toPlain);
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of located.entries) plain[key] = toPlain(entry.value);
  return plain;
}

/** `over` laid on `under`: maps key by key, anything else replaced whole. Places stay with their values. */
export function mergeLocated(under: Located, over: Located): Located {
  if (under.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(
      key,
      below === undefined ? entry : { keyAt: entry.keyAt, value: mergeLocated(below.value, entry.value) },
    );
  }
  return { kind: 'map', at: over.at, entries };
}

/**
 * Where the value at `path` stands, or the nearest value around it.
 * @param wantKey - True for the place of the key itself instead of its value.
 */
export function positionAt(root: Located, path: readonly PropertyKey[], wantKey = false): Position {
  let current = root;
  let at = root.at;
  for (const [index, step] of path.entries()) {
    if (current.kind === 'map') {
      const entry = current.entries.get(String(step));
      if (entry === undefined) return at;
      at = wantKey && index === path.length - 1 ? entry.keyAt : entry.value.at;
      current = entry.value;
    } else if (current.kind === 'list') {
      const item = current.items[Number(step)];
      if (item === undefined) return at;
      at = item.at;
      current = item;
    } else return at;
  }
  return at;
}

/** The value at `path`, if there is one. */
export function valueAt(root: Located, path: readonly PropertyKey[]): Located | undefined {
  let current: Located | undefined = root;
  for (const step of path) {
    if (current === undefined || current.kind === 'scalar') return undefined;
    current = current.kind === 'map' ? current.entries.get(String(step))?.value : current.items[Number(step)];
  }
  return current;
}
