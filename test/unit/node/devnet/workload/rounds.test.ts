import { describe, expect, it } from 'vitest';
import { NodeRing } from '../../../../../node/devnet/workload/nodeRing.ts';
import { Rounds } from '../../../../../node/devnet/workload/rounds.ts';

describe('Rounds', () => {
  it('runs one at a time, and of heights that came meanwhile the newest', async () => {
    const heights: number[] = [];
    let finish: () => void = () => undefined;
    const rounds = new Rounds(async (height) => {
      heights.push(height);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    for (const height of [1, 2, 3, 2]) rounds.noteHeight(height);
    expect(heights).toEqual([1]);
    finish();
    await Promise.resolve();
    await Promise.resolve();
    expect(heights).toEqual([1, 3]);
    const stopped = rounds.stop();
    finish();
    await stopped;
    rounds.noteHeight(4);
    expect(heights).toEqual([1, 3]);
  });

  it('begins no round for a height it has seen', async () => {
    let count = 0;
    const rounds = new Rounds(async () => {
      count += 1;
    });
    for (const height of [5, 5, 4]) {
      rounds.noteHeight(height);
      await Promise.resolve();
      await Promise.resolve();
    }
    await rounds.stop();
    expect(count).toBe(1);
  });
});

describe('NodeRing', () => {
  const nodes = ['a', 'b', 'c'].map((name) => ({ name, api: `http://${name}` }));
  const namesOf = (ring: NodeRing): string =>
    ring
      .order()
      .map(({ name }) => name)
      .join('');

  it('takes nodes in turn, and those that failed last until they have rested', () => {
    let now = 0;
    const ring = new NodeRing(nodes, () => now);
    expect([namesOf(ring), namesOf(ring), namesOf(ring), namesOf(ring)]).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    ring.noteFailure({ name: 'c', api: '' });
    expect([namesOf(ring), namesOf(ring)]).toEqual(['bac', 'abc']);
    now = 60_000;
    expect([namesOf(ring), namesOf(ring)]).toEqual(['abc', 'bca']);
  });

  it('has no node to give where there is none', () => {
    expect(new NodeRing([], () => 0).order()).toEqual([]);
  });
});
