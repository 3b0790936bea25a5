import { describe, expect, it } from 'vitest';
import {
  bondedAndHeld,
  netCounters,
  openWindow,
  standings,
  writeGenesisNet,
} from '../../../../settlement/net/netState.ts';
import { batchKey, netTables, standingKey } from '../../../../settlement/net/tables.ts';
import { State } from '../../../../settlement/state.ts';
import { baseRules, decodedRows, NetWorld, validatorsOf } from './netFixture.ts';

describe('writeGenesisNet', () => {
  it('opens the first window at height 1 and bonds the genesis power', () => {
    const state = new State([]);
    writeGenesisNet(state, baseRules, validatorsOf([1000, 500]));
    expect(openWindow(state)).toMatchObject({ index: 0, fromHeight: 1, windowFromHeight: 1, batchSize: 5 });
    expect(standings(state).map(({ index, stake, priority }) => [index, stake, priority])).toEqual([
      [0, 1000n, 0n],
      [1, 500n, 0n],
    ]);
    expect(netCounters(state)).toMatchObject({ validatorCount: 2, nextSeq: 1, lastConfirmedSeq: 0 });
    for (const { row, decoded } of decodedRows(state.freeze())) expect(decoded).toEqual(row);
  });

  it('takes stakes of their own where given', () => {
    const world = new NetWorld({}, [10n ** 21n, 7n]);
    expect(bondedAndHeld(world.state)).toEqual({ bonded: 10n ** 21n + 7n, held: 0n });
  });

  it('crashes on rules the configuration should have refused', () => {
    const broken = [
      { batchSize: 0 },
      { jailAfterMisses: 11 },
      { maxAttempts: 0 },
      { missedSlashBps: 10_001 },
    ];
    for (const rules of broken) expect(() => new NetWorld(rules)).toThrow('assertion failed');
  });

  it('is what every reader needs', () => {
    expect(() => openWindow(new State([]))).toThrow('no genesis rows');
  });
});

describe('net tables', () => {
  it('have keys that sort by number', () => {
    const numbers = [1, 2, 9, 10, 11, 99, 100, 1024];
    expect(numbers.map(batchKey).sort()).toEqual(numbers.map(batchKey));
    expect(numbers.map(standingKey).sort()).toEqual(numbers.map(standingKey));
  });

  it('keep to the ids of net accounting', () => {
    const ids = netTables.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => id >= 16 && id <= 31)).toBe(true);
  });
});

describe('batchKey', () => {
  it('has sixteen digits', () => {
    const seqs = [1, 257, 1, 9, 10, 2 ** 40, 1 + 2 ** 40, 1, Number.MAX_SAFE_INTEGER];
    for (const seq of seqs) expect(batchKey(seq)).toBe(String(seq).padStart(16, '0'));
  });
});
