import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiHarness } from '../../../helpers/apiHarness.ts';

interface Shown {
  readonly window: { readonly from_height: number; readonly to_height: number; readonly blocks: number };
  readonly pending: readonly { readonly state: string }[];
}

describe('GET /settlement while a batch is under way', () => {
  let api: ApiHarness;

  beforeAll(async () => {
    api = await ApiHarness.start();
  });
  afterAll(() => api.stop());

  it('tells how far the window and each pending batch are', async () => {
    const seen: Shown[] = [];
    for (let nowMs = 200; nowMs < 12_000; nowMs += 200) {
      api.network.run(nowMs);
      seen.push((await api.json('/settlement')) as unknown as Shown);
    }
    expect(seen[0]).toMatchObject({ window: { from_height: 1, to_height: 2, blocks: 1, batch_size: 2 } });
    const states = seen.flatMap(({ pending }) => pending.map(({ state }) => state));
    expect([...new Set(states)]).toEqual(['sealed', 'included']);
    expect(seen.find(({ pending }) => pending.length === 1)?.pending).toMatchObject([
      { seq: 1, from_height: 1, to_height: 2, net: { UM: '1000', USDC: '70' }, attempt: 1, deadline: 6 },
    ]);
    for (const { window } of seen) expect(window.blocks).toBeLessThan(2);
  });

  it('names the leader of the view it is in', async () => {
    const { view, leader } = await api.json('/status');
    const next = (await api.json('/blocks?limit=1')).blocks as { view: number; leader: string }[];
    expect(view).toBeGreaterThan(next[0]?.view ?? 0);
    expect(leader).toBe(`node-${(Number(view) - 1) % 4}`);
  });
});
