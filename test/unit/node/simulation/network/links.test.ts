import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import type { NetworkModel } from '../../../../../node/scenario/types.ts';
import { Links, LOST, type QualityFault } from '../../../../../node/simulation/network/links.ts';

const steady: NetworkModel = {
  latencyMs: 50,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  bandwidthMbps: 100,
};
const SMALL_BYTES = 200;

function createLinks(model: Partial<NetworkModel> = {}): Links {
  return new Links({ model: { ...steady, ...model }, nodeCount: 3 }, { random: new Random('links test') });
}

/** When each copy of one message arrives. */
function arrivals(links: Links, from: number, to: number, nowMs = 0, byteCount = SMALL_BYTES): number[] {
  const times: number[] = [];
  links.carry(from, to, byteCount, nowMs, (atMs) => times.push(atMs));
  return times;
}

function probable(
  type: 'loss' | 'duplicate' | 'reorder',
  probability: number,
  nodes?: string[],
): QualityFault {
  return { type, probability, nodes };
}

describe('drawDelayMs', () => {
  it('draws every whole ms from latency - jitter to latency + jitter', () => {
    const links = createLinks({ latencyMs: 50, jitterMs: 10, loss: 0 });
    const seen = new Set<number>();
    for (let draw = 0; draw < 2000; draw += 1) seen.add(links.drawDelayMs());
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, index) => 40 + index));
  });

  it('never draws less than 1 ms', () => {
    const links = createLinks({ latencyMs: 0, jitterMs: 3, loss: 0 });
    for (let draw = 0; draw < 500; draw += 1) expect(links.drawDelayMs()).toBeGreaterThanOrEqual(1);
  });

  it('loses the given share of deliveries', () => {
    const links = createLinks({ latencyMs: 50, jitterMs: 10, loss: 0.25 });
    let lost = 0;
    for (let draw = 0; draw < 20_000; draw += 1) if (links.drawDelayMs() === LOST) lost += 1;
    expect(lost / 20_000).toBeCloseTo(0.25, 1);
  });

  it('repeats its draws for an equal seed', () => {
    const draws = [1, 2].map(() => {
      const links = createLinks({ latencyMs: 50, jitterMs: 10, loss: 0.1 });
      return Array.from({ length: 100 }, () => links.drawDelayMs());
    });
    expect(draws[0]).toEqual(draws[1]);
  });
});

describe('carry', () => {
  it('draws the very delays of drawDelayMs while nothing is broken', () => {
    const model = { jitterMs: 10, loss: 0.1 };
    const plain = createLinks(model);
    const carried = createLinks(model);
    for (let round = 0; round < 200; round += 1) {
      const delayMs = plain.drawDelayMs();
      expect(arrivals(carried, 0, 1, 1000)).toEqual(delayMs === LOST ? [] : [1000 + delayMs]);
    }
  });

  it('goes back to the very same draws once a fault is over', () => {
    const plain = createLinks({ jitterMs: 10 });
    const healed = createLinks({ jitterMs: 10 });
    const fault = probable('duplicate', 1);
    healed.change(fault, undefined);
    healed.restore(fault);
    healed.cut(0, 1);
    healed.mend(0, 1);
    expect(healed.isPlain(SMALL_BYTES)).toBe(true);
    for (let round = 0; round < 50; round += 1) expect(healed.drawDelayMs()).toBe(plain.drawDelayMs());
  });

  it('sends every message twice, or holds each back behind those sent during the longest usual delay', () => {
    const twice = createLinks();
    twice.change(probable('duplicate', 1), undefined);
    expect(arrivals(twice, 0, 1)).toEqual([50, 50]);
    const held = createLinks({ reorder: 1 });
    for (let round = 0; round < 100; round += 1) {
      const [atMs = 0] = arrivals(held, 0, 1);
      expect(atMs).toBeGreaterThanOrEqual(100);
      expect(atMs).toBeLessThanOrEqual(200);
    }
  });

  it('touches only the links of the nodes it names', () => {
    const links = createLinks();
    links.change(probable('loss', 1, ['node-1']), new Set([1]));
    expect(arrivals(links, 0, 1)).toEqual([]);
    expect(arrivals(links, 1, links.chain)).toEqual([]);
    expect(arrivals(links, 0, 2)).toEqual([50]);
    expect(arrivals(links, links.chain, 0)).toEqual([50]);
  });

  it('lets the latest of several faults of one kind count, and the one before it when that ends', () => {
    const links = createLinks();
    const slow: QualityFault = { type: 'latency', ms: 400, jitterMs: 0, nodes: undefined };
    const slower: QualityFault = { type: 'latency', ms: 900, jitterMs: 0, nodes: ['node-0'] };
    links.change(slow, undefined);
    links.change(slower, new Set([0]));
    expect(arrivals(links, 0, 1)).toEqual([900]);
    expect(arrivals(links, 1, 2)).toEqual([400]);
    links.restore(slower);
    expect(arrivals(links, 0, 1)).toEqual([400]);
    links.restore(slow);
    expect(arrivals(links, 0, 1)).toEqual([50]);
  });
});

describe('bandwidth', () => {
  // 1 Mbit/s is 125 bytes a ms.
  it('queues what is sent over one link, in one direction', () => {
    const links = createLinks({ bandwidthMbps: 1 });
    expect(arrivals(links, 0, 1, 0, 12_500)).toEqual([150]);
    expect(arrivals(links, 0, 1, 0, 12_500)).toEqual([250]);
    expect(arrivals(links, 1, 0, 0, 12_500)).toEqual([150]);
    expect(arrivals(links, 0, 2, 0, 12_500)).toEqual([150]);
    expect(arrivals(links, 0, 1, 300, 125)).toEqual([351]);
  });

  it('loses what would wait longer than thirty seconds', () => {
    const links = createLinks({ bandwidthMbps: 1 });
    for (let second = 0; second <= 30; second += 1) {
      expect(arrivals(links, 0, 1, 0, 125_000)).toEqual([(second + 1) * 1000 + 50]);
    }
    expect(arrivals(links, 0, 1, 0, 1)).toEqual([]);
    expect(arrivals(links, 0, 1, 1000, 1)).toEqual([31_050]);
  });

  it('counts on fast links too, for what takes a millisecond or more', () => {
    const links = createLinks();
    expect(links.isPlain(12_499)).toBe(true);
    expect(links.isPlain(12_500)).toBe(false);
    expect(arrivals(links, 0, 1, 0, 125_000)).toEqual([60]);
  });
});

describe('cut', () => {
  it('loses one direction, until each cut is mended', () => {
    const links = createLinks();
    links.cut(0, 1);
    links.cut(0, 1);
    expect(arrivals(links, 0, 1)).toEqual([]);
    expect(arrivals(links, 1, 0)).toEqual([50]);
    links.mend(0, 1);
    expect(links.isCut(0, 1)).toBe(true);
    links.mend(0, 1);
    expect(links.isCut(0, 1)).toBe(false);
    expect(arrivals(links, 0, 1)).toEqual([50]);
  });
});

describe('isTimely', () => {
  it('needs a whole link without losses, and all that it may take within the bound', () => {
    const links = createLinks({ jitterMs: 10 });
    expect(links.isTimely(0, 1, 1_048_576, 500)).toBe(true);
    expect(links.isTimely(0, 1, 1_048_576, 100)).toBe(false);
    for (const [fault, isTimely] of [
      [probable('duplicate', 1), true],
      [probable('loss', 0.01), false],
      [probable('reorder', 0.01), true],
      [{ type: 'latency', ms: 480, jitterMs: 30, nodes: undefined }, false],
      [{ type: 'bandwidth', mbps: 1, nodes: undefined }, false],
    ] as const) {
      links.change(fault, undefined);
      expect([fault.type, links.isTimely(0, 1, 100_000, 500)]).toEqual([fault.type, isTimely]);
      links.restore(fault);
    }
    links.cut(0, 1);
    expect(links.isTimely(0, 1, 1, 500)).toBe(false);
    expect(links.isTimely(1, 0, 1, 500)).toBe(true);
  });
});
