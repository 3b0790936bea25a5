import { describe, expect, it } from 'vitest';
import { runJusticeSeed } from '../../scripts/campaign/justice.ts';

describe('justice', () => {
  it('4 nodes, a settlement chain in every kind of trouble: slashes nobody but the silent (seeds 1 to 30)', () => {
    const verdicts = Array.from({ length: 30 }, (_, index) => runJusticeSeed(index + 1));
    expect(verdicts.filter(({ failures }) => failures.length > 0)).toEqual([]);
    const sum = (field: 'duties' | 'silentDuties' | 'slashes'): number =>
      verdicts.reduce((total, verdict) => total + verdict[field], 0);
    expect(sum('duties')).toBeGreaterThan(300);
    expect(sum('silentDuties')).toBeGreaterThan(0);
    expect(sum('slashes')).toBeGreaterThan(0);
  });

  it.each([
    ['a node comes back with a block that lost, and takes the one that won for a loss of its origin', 178],
    ['a node comes back while the settlement chain stands still, and is told nothing', 278],
  ])('4 nodes, %s (seed %i)', (_, seed) => {
    expect(runJusticeSeed(seed).failures).toEqual([]);
  });
});
