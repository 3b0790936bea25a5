import { describe, expect, it } from 'vitest';
import { differencesOf } from '../../../scripts/determinism/differences.ts';

const run = (label: string, traceHash: string, stateRoot: string) => ({
  label,
  traceHash,
  stateRoot,
  problem: undefined,
});

describe('differencesOf', () => {
  it('is empty for equal runs', () => {
    expect(differencesOf([run('a', '0x1', '0x2'), run('b', '0x1', '0x2')])).toEqual([]);
  });

  it('names the run with another trace hash or state root', () => {
    const runs = [run('a', '0x1', '0x2'), run('b', '0x3', '0x2'), run('c', '0x1', '0x4')];
    expect(differencesOf(runs)).toEqual(['b: trace hash 0x3, under a 0x1', 'c: state root 0x4, under a 0x2']);
  });

  it('counts a run without a result as a difference, and compares the others all the same', () => {
    const failed = { label: 'a', traceHash: undefined, stateRoot: undefined, problem: 'exit code 1' };
    expect(differencesOf([failed, run('b', '0x1', '0x2'), run('c', '0x9', '0x2')])).toEqual([
      'a: exit code 1',
      'c: trace hash 0x9, under b 0x1',
    ]);
  });
});
