/** Every damage a broken disk does to a node's own rows: the rows come back as they were, or `STORE_CORRUPT`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRows } from '../../../../../node/core/sealedRows.ts';
import type { RecoveredRow, Write } from '../../../../../node/core/types.ts';
import {
  byKey,
  flipBit,
  sealAll,
  tearBatch,
  weightOf,
} from '../../../../../node/simulation/machine/diskDamage.ts';
import { CoreNetwork, scenarioOf } from '../../../../helpers/coreNetwork.ts';

const corrupt = expect.objectContaining({ code: 'STORE_CORRUPT' });

/** What one node of four writes until its sixth block is final: genesis, votes, certificates, blocks. */
function batchesOfANode(): readonly (readonly Write[])[] {
  const network = new CoreNetwork(
    scenarioOf('name: rows\nduration: 60s\nworkload: { uniform: { transactions_per_block: 2 } }'),
    { node: { historyBlocks: 3 } },
  );
  network.run(12_500);
  return network.outputs.flatMap(({ node, output }) =>
    node === 1 && output.type === 'persist' ? [output.writes] : [],
  );
}

function rowsAfter(batches: readonly (readonly Write[])[]): RecoveredRow[] {
  const rows = new Map<string, Uint8Array>();
  for (const { key, value } of batches.flat()) {
    if (value === undefined) rows.delete(key);
    else rows.set(key, value);
  }
  return [...rows].map(([key, value]) => ({ key, value })).sort(byKey);
}

/** The rows as read, or the code with which reading them stops. */
function outcomeOf(sealed: readonly RecoveredRow[]): unknown {
  try {
    return openRows(sealed);
  } catch (error) {
    expect(error).toEqual(corrupt);
    return 'STORE_CORRUPT';
  }
}

const batches = batchesOfANode();
const rows = rowsAfter(batches);

describe('sealed rows', () => {
  it('come back as they were, and nothing comes back as nothing', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(openRows(sealAll(rows))).toEqual(rows);
    expect(openRows([])).toEqual([]);
  });

  it('with a row too many, too few, twice, exchanged or too old are refused', () => {
    const sealed = sealAll(rows);
    const older = sealAll(rowsAfter(batches.slice(0, -3)));
    for (const [index, row] of sealed.entries()) {
      expect(outcomeOf(sealed.toSpliced(index, 1))).toBe('STORE_CORRUPT');
      expect(outcomeOf([...sealed, row])).toBe('STORE_CORRUPT');
      const other = sealed[(index + 1) % sealed.length];
      expect(outcomeOf(sealed.with(index, { key: row.key, value: other?.value ?? row.value }))).toBe(
        'STORE_CORRUPT',
      );
      const old = older.find(({ key }) => key === row.key);
      if (old === undefined || Buffer.compare(old.value, row.value) === 0) continue;
      expect(outcomeOf(sealed.with(index, old))).toBe('STORE_CORRUPT');
    }
  });

  it('are refused with any bit flipped in any row', () => {
    const sealed = sealAll(rows);
    const bitCount = 8 * sealed.reduce((sum, { value }) => sum + value.length, 0);
    for (let bit = 0; bit < bitCount; bit += bitCount > 20_000 ? 13 : 1) {
      expect(outcomeOf(flipBit(sealed, bit))).toBe('STORE_CORRUPT');
    }
  });

  it('are refused whatever bytes stand in a row', () => {
    const sealed = sealAll(rows);
    const anyRow = fc.nat({ max: sealed.length - 1 });
    fc.assert(
      fc.property(anyRow, fc.uint8Array({ maxLength: 64 }), (index, value) => {
        const { key = '', value: right } = sealed[index] ?? {};
        fc.pre(right !== undefined && Buffer.compare(right, value) !== 0);
        expect(outcomeOf(sealed.with(index, { key, value }))).toBe('STORE_CORRUPT');
      }),
    );
  });
});

describe('a torn batch', () => {
  it('is refused wherever it tears, unless what was written changes nothing', () => {
    let refused = 0;
    for (const [index, writes] of batches.entries()) {
      const before = rowsAfter(batches.slice(0, index));
      const byteCount = weightOf(writes);
      // The genesis batch is long and all of a kind.
      const step = byteCount > 5000 ? 101 : byteCount > 600 ? 7 : 1;
      for (let written = 1; written < byteCount; written += step) {
        const outcome = outcomeOf(tearBatch(before, writes, written));
        if (outcome === 'STORE_CORRUPT') refused += 1;
        else expect(outcome).toEqual(before);
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it('that was written to its end still lacks its seal', () => {
    const [genesis = []] = batches;
    expect(outcomeOf(tearBatch([], genesis, weightOf(genesis)))).toBe('STORE_CORRUPT');
  });
});
