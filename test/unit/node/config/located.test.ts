import { describe, expect, it } from 'vitest';
import {
  parseYaml,
  positionAt,
  toPlain,
  YAML_BYTES_MAX,
  YAML_NODES_MAX,
} from '../../../../node/config/located.ts';
import {
  findNearest,
  formatProblem,
  formatProblems,
  type Problem,
  sortProblems,
} from '../../../../node/config/problem.ts';

function codeOf(text: string): string {
  const parsed = parseYaml(text, 'x.yaml');
  return parsed.ok
    ? 'ok'
    : parsed.problems.map(({ code, line, column }) => `${code} ${line}:${column}`).join(' ');
}

describe('parseYaml', () => {
  it('keeps the place of every key and value', () => {
    const parsed = parseYaml('a:\n  b: [1, { c: x }]\n', 'x.yaml');
    if (!parsed.ok) throw new Error('expected a document');
    expect(toPlain(parsed.value)).toEqual({ a: { b: [1, { c: 'x' }] } });
    expect(positionAt(parsed.value, ['a', 'b', 1, 'c'])).toEqual({ file: 'x.yaml', line: 2, column: 15 });
    expect(positionAt(parsed.value, ['a', 'b'], true)).toEqual({ file: 'x.yaml', line: 2, column: 3 });
    expect(positionAt(parsed.value, ['a', 'nothing', 'here'])).toMatchObject({ line: 2, column: 3 });
  });

  it('tells integers beyond 2^53 apart from safe ones', () => {
    const parsed = parseYaml('a: 9007199254740991\nb: 9007199254740993\n', 'x.yaml');
    expect(parsed.ok && toPlain(parsed.value)).toEqual({ a: 9007199254740991, b: 9007199254740993n });
  });

  it('follows aliases', () => {
    const parsed = parseYaml('a: &x { n: 1 }\nb: *x\n', 'x.yaml');
    expect(parsed.ok && toPlain(parsed.value)).toEqual({ a: { n: 1 }, b: { n: 1 } });
    const again = parseYaml('a: &x 1\nb: &x 2\nc: *x\n', 'x.yaml');
    expect(again.ok && toPlain(again.value)).toEqual({ a: 1, b: 2, c: 2 });
  });

  it.each([
    ['a: 1\nb: 2\na: 3\n', 'YAML_KEY_DUPLICATE 3:1'],
    ['a: [1\n', 'YAML_SYNTAX 2:1'],
    ['- 1\n', 'YAML_ROOT_NOT_MAP 1:1'],
    ['just text\n', 'YAML_ROOT_NOT_MAP 1:1'],
    ['', 'YAML_ROOT_NOT_MAP 1:1'],
    ['# nothing\n', 'YAML_ROOT_NOT_MAP 1:1'],
    ['a: *b\n', 'YAML_ALIAS_UNKNOWN 1:4'],
    ['a: &x [*x]\n', 'YAML_ALIAS_UNKNOWN 1:8'],
    ['? [a]\n: 1\n', 'YAML_KEY_INVALID 1:3'],
    ['a: !!binary aGk=\n', 'YAML_TAG_UNSUPPORTED 1:13'],
    ['a: 1\n---\nb: 2\n', 'YAML_SYNTAX 2:1'],
  ])('refuses %j with %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('refuses what is built to hurt: size, depth, alias bombs', () => {
    expect(codeOf(`a: ${'x'.repeat(YAML_BYTES_MAX)}`)).toBe('FILE_TOO_LARGE 1:1');
    expect(codeOf(`a: 1\nb: ${'['.repeat(90_000)}`)).toBe('YAML_TOO_COMPLEX 2:1');
    expect(codeOf(`${'{a: '.repeat(60_000)}`)).toBe('YAML_TOO_COMPLEX 1:1');
    expect(codeOf(`a:\n ${'- '.repeat(60_000)}1`)).toBe('YAML_TOO_COMPLEX 2:1');
    expect(codeOf(Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'))).toMatch(
      /^YAML_TOO_COMPLEX/,
    );
    expect(codeOf(`${'%A\n'.repeat(80_000)}---\na: 1\n`)).toMatch(/^YAML_TOO_COMPLEX/);
    expect(codeOf(']\n'.repeat(100_000)).split(' YAML')).toHaveLength(20);
    const bomb = ['a0: &a0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let level = 1; level < 9; level += 1)
      bomb.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(',')}]`,
      );
    expect(10 ** 9).toBeGreaterThan(YAML_NODES_MAX);
    expect(codeOf(bomb.join('\n'))).toMatch(/^YAML_TOO_COMPLEX \d+:\d+$/);
  });
});

describe('problems', () => {
  const problem = (line: number | undefined, column = 1): Problem => ({
    file: 'f',
    line,
    column,
    path: 'a.b',
    code: 'C',
    message: 'm',
    hint: undefined,
  });

  it('are one line each, in file order, and cut off with a count', () => {
    expect(formatProblem({ ...problem(3, 4), hint: 'h' })).toBe('f:3:4: a.b: m; h [C]');
    expect(formatProblem(problem(undefined))).toBe('f: a.b: m [C]');
    expect(
      sortProblems([problem(3), problem(undefined), problem(1, 9), problem(1, 2)]).map(({ line, column }) => [
        line,
        column,
      ]),
    ).toEqual([
      [undefined, 1],
      [1, 2],
      [1, 9],
      [3, 1],
    ]);
    expect(formatProblems(Array.from({ length: 60 }, () => problem(1))).split('\n')).toHaveLength(51);
  });

  it('suggest the nearest word and nothing far away', () => {
    expect(findNearest('batchsize', ['block_size', 'batch_size'])).toBe('batch_size');
    expect(findNearest('BORROW', ['borrow'])).toBe('borrow');
    expect(findNearest('elephant', ['borrow', 'repay'])).toBeUndefined();
    expect(findNearest('x'.repeat(1000), ['x'])).toBeUndefined();
  });
});
