import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LogLevel, NodeLogger } from '../../../../node/api/logger.ts';
import { nodeEvents } from '../../../../scripts/docs/samples.ts';

function written(level: LogLevel | 'none', use: (logger: NodeLogger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  use(new NodeLogger({ node: 'node-1', level, out: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('NodeLogger', () => {
  it('writes one JSON object a line, with time, level and node', () => {
    const [line] = written('info', (logger) => logger.info('started', { height: 7 }));
    expect(line).toMatchObject({ level: 'info', node: 'node-1', message: 'started', height: 7 });
    expect(Number.isNaN(Date.parse(String(line?.time)))).toBe(false);
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['none', []],
  ] as const)('level %s lets %j through', (level, levels) => {
    const lines = written(level, (logger) => {
      logger.debug('a');
      logger.info('b');
      logger.warn('c');
      logger.error('d');
    });
    expect(lines.map((line) => line.level)).toEqual(levels);
  });

  it('keeps code and stack of what was thrown', () => {
    const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    const [line] = written('info', (logger) => logger.error('write failed', cause));
    expect(line?.err).toMatchObject({ message: 'disk full', code: 'ENOSPC', stack: expect.any(String) });
  });

  it('tells every event once at the level it deserves, and slashes as warnings', () => {
    const lines = written('debug', (logger) => {
      for (const event of Object.values(nodeEvents)) logger.event(event);
    });
    const levelOf = (type: string) => lines.find((line) => line.type === type)?.level;
    expect(levelOf('block_finalized')).toBe('debug');
    expect(levelOf('batch_submitted')).toBe('info');
    expect(levelOf('batch_confirmed')).toBe('info');
    expect(levelOf('slashed')).toBe('warn');
    expect(levelOf('equivocation_seen')).toBe('warn');
    expect(lines.filter((line) => line.code === 'CODE')).toMatchObject([{ level: 'warn', message: 'text' }]);
  });

  it('appends to a file in a folder that it makes, whole lines at once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidereal-log-'));
    const out = join(folder, 'deep', 'node-1.log');
    for (const message of ['first', 'second']) {
      const logger = new NodeLogger({ node: 'node-1', level: 'info', out });
      logger.info(message);
      logger.close();
    }
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      'first',
      'second',
    ]);
    rmSync(folder, { recursive: true });
  });
});
