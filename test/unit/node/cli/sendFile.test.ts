import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError, refuse } from '../../../../consensus/primitives/codedError.ts';
import { type FileKind, readObjectFile, transactionIn } from '../../../../node/cli/sendFile.ts';

const kind: FileKind = {
  holds: 'operation',
  code: 'OPERATION_FILE_INVALID',
  keys: ['operation'],
  example: '{ "operation": {} }',
};
const file = 'some.json';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (cause) {
    if (cause instanceof CodedError && cause.code === kind.code) return cause.message;
    throw cause;
  }
  return 'nothing';
}

describe('a file that cannot be sent', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sidereal-send-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const write = (text: string): string => {
    const path = join(dir, file);
    writeFileSync(path, text);
    return path;
  };

  it('is told from one that cannot be read', () => {
    expect(messageOf(() => readObjectFile(join(dir, 'none.json'), kind))).toMatch(
      /^cannot read the file: ENOENT.*none\.json/,
    );
    expect(messageOf(() => readObjectFile(write('['), kind))).toMatch(
      /some\.json holds no operation: .*JSON/,
    );
    expect(messageOf(() => readObjectFile(write('[]'), kind))).toMatch(/expected an object such as/);
    expect(messageOf(() => readObjectFile(write('{"opration":{}}'), kind))).toMatch(
      /unknown key opration; known: operation$/,
    );
    expect(readObjectFile(write('{"operation":{}}'), kind)).toEqual({ operation: {} });
  });

  it('names every place in words', () => {
    const unread = (): never => {
      throw new Error('read in spite of a problem');
    };
    const problem = { path: '/operation', message: 'Expected object' };
    expect(messageOf(() => transactionIn(file, kind, problem, unread))).toBe(
      'some.json holds no operation: /operation: Expected object',
    );
    const problems = [
      { path: '/operation/asset', message: 'Expected required property' },
      { path: '/operation/amount', message: 'Expected string' },
    ];
    const refusal = refuse('REQUEST_INVALID' as const, 'of another shape', { problems });
    expect(messageOf(() => transactionIn(file, kind, undefined, () => refusal))).toBe(
      'some.json holds no operation: /operation/asset: Expected required property; /operation/amount: Expected string',
    );
  });
});
