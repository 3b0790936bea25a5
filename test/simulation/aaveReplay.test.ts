import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../node/simulation/run.ts';

const SCENARIO = 'scripts/scenarios/aave-flows.yaml';
const TRACE = 'scripts/scenarios/data/aave-v2-polygon-2021.csv';

/** Sums of the file by plain text work, sharing nothing with the loader. */
function sumTrace(): Record<string, { borrowed: bigint; repaid: bigint }> {
  const [header = '', ...lines] = readFileSync(TRACE, 'utf8').trim().split('\n');
  const column = (name: string) => header.split(',').indexOf(name);
  const sums: Record<string, { borrowed: bigint; repaid: bigint }> = {};
  for (const line of lines) {
    const cells = line.split(',');
    const action = cells[column('action')];
    const asset = cells[column('asset')] ?? '';
    const amount = BigInt(cells[column('amount')] ?? '0');
    const sum = sums[asset] ?? { borrowed: 0n, repaid: 0n };
    if (action === 'borrow') sum.borrowed += amount;
    if (action === 'repay' || action === 'liquidate') sum.repaid += amount;
    sums[asset] = sum;
  }
  return sums;
}

describe('the Aave flows, 300 blocks', () => {
  const loaded = loadScenario(SCENARIO);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const lines: string[] = [];
  const result = runSimulation(loaded.value.scenario, { onEvent: (line) => lines.push(line) });

  it('executes every row: 862 of them, none refused', () => {
    const executed = lines
      .filter((line) => line.includes('"type":"transaction_executed"'))
      .map((line) => JSON.parse(line) as { operation: string; result: string });
    expect(executed.filter(({ operation }) => operation !== 'price')).toHaveLength(862);
    expect(executed.filter((entry) => entry.result !== 'ok')).toEqual([]);
    expect(result.errors).toEqual([]);
  });

  it('settles totals per asset that equal a sum of the file', () => {
    const settled: Record<string, { borrowed: bigint; repaid: bigint }> = {};
    for (const batch of result.batches) {
      expect(batch.state).toBe('confirmed');
      for (const [kind, amounts] of [
        ['borrowed', batch.borrowed],
        ['repaid', batch.repaid],
      ] as const) {
        for (const [asset, amount] of Object.entries(amounts)) {
          settled[asset] ??= { borrowed: 0n, repaid: 0n };
          settled[asset][kind] += BigInt(amount);
        }
      }
      for (const [asset, net] of Object.entries(batch.net)) {
        const difference = BigInt(batch.borrowed[asset] ?? '0') - BigInt(batch.repaid[asset] ?? '0');
        expect(BigInt(net)).toBe(difference);
      }
    }
    const expected = Object.entries(sumTrace()).filter(([, sum]) => sum.borrowed + sum.repaid > 0n);
    expect(Object.fromEntries(expected)).toEqual(settled);
    expect(result.batches.reduce((count, batch) => count + batch.liquidations, 0)).toBe(3);
  });

  it('checks conservation for every asset at every final height', () => {
    const law = result.laws.find(({ name }) => name === 'conservation');
    expect(law?.violations).toEqual([]);
    // One check is one height, over all assets.
    expect(law?.checks).toBe(result.finalized_height);
    for (const { violations } of result.laws) expect(violations).toEqual([]);
  });
});
