import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';
import { LinkConditions, type LinkQuality, plainLink } from '../../../../node/runtime/linkConditions.ts';

const DRAWS = 4000;

function conditionsOf(quality: Partial<LinkQuality>): LinkConditions {
  const random = new Random('links');
  const links = new LinkConditions(() => random.uint32() / 2 ** 32);
  links.set(new Map([[1, { ...plainLink, ...quality }]]));
  return links;
}

function drawMany(links: LinkConditions): readonly (readonly number[])[] {
  return Array.from({ length: DRAWS }, () => links.draw(1));
}

describe('LinkConditions', () => {
  it('leaves alone what it was told nothing of', () => {
    const links = conditionsOf({ loss: 1 });
    expect(links.draw(2)).toEqual([0]);
    expect(links.isPlain(2)).toBe(true);
    expect(links.isPlain(1)).toBe(false);
    links.set(new Map());
    expect(links.draw(1)).toEqual([0]);
  });

  it('loses everything over a cut, and the given share otherwise', () => {
    expect(drawMany(conditionsOf({ cut: true })).flat()).toEqual([]);
    const lost = drawMany(conditionsOf({ loss: 0.25 })).filter((delays) => delays.length === 0).length;
    expect(lost / DRAWS).toBeCloseTo(0.25, 1);
  });

  it('draws delays around the latency, within the jitter', () => {
    const delays = drawMany(conditionsOf({ latencyMs: 100, jitterMs: 40 })).flat();
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(60);
    expect(Math.max(...delays)).toBeLessThanOrEqual(140);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(70);
  });

  it('doubles the given share, and holds back the given share for others to overtake', () => {
    const doubled = drawMany(conditionsOf({ duplicate: 0.5 })).filter((delays) => delays.length === 2).length;
    expect(doubled / DRAWS).toBeCloseTo(0.5, 1);
    const delays = drawMany(conditionsOf({ latencyMs: 100, reorder: 0.5 })).flat();
    const held = delays.filter((delayMs) => delayMs > 100);
    expect(held.length / DRAWS).toBeCloseTo(0.5, 1);
    expect(Math.min(...held)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...held)).toBeLessThanOrEqual(400);
  });

  it('loses what is under way when the link is cut, and drops everything when closed', async () => {
    const links = conditionsOf({ latencyMs: 5 });
    const passing = links.pass(1);
    links.set(new Map([[1, { ...plainLink, cut: true }]]));
    expect(await passing).toBe(false);
    links.set(new Map([[1, { ...plainLink, latencyMs: 5 }]]));
    expect(await links.pass(1)).toBe(true);
    let delivered = false;
    links.later(1, 1, () => {
      delivered = true;
    });
    const dropped = links.pass(1);
    links.close();
    expect(await dropped).toBe(false);
    expect(await links.pass(1)).toBe(false);
    expect(await links.pass(2)).toBe(true);
    expect(await conditionsOf({ latencyMs: 20 }).pass(1)).toBe(true);
    expect(delivered).toBe(false);
  });

  it('refuses qualities that are none', () => {
    expect(() => conditionsOf({ loss: 1.5 })).toThrow('probability');
    expect(() => conditionsOf({ latencyMs: -1 })).toThrow('delay');
  });
});
