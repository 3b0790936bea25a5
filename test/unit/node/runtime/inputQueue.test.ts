import { describe, expect, it } from 'vitest';
import {
  InputQueue,
  type Lane,
  PEER_INPUTS_MAX,
  USER_INPUTS_MAX,
} from '../../../../node/runtime/inputQueue.ts';

interface Item {
  readonly lane: Lane;
  readonly number: number;
}

function fill(queue: InputQueue<Item>, lane: Lane, count: number): void {
  for (let number = 0; number < count; number += 1) queue.push(lane, { lane, number });
}

function drain(queue: InputQueue<Item>, count = Number.POSITIVE_INFINITY): Item[] {
  const taken: Item[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

describe('InputQueue', () => {
  it('gives back what came first within a lane, all of it, however much it was', () => {
    const queue = new InputQueue<Item>();
    for (const lane of ['own', 'user', 3] as const) {
      fill(queue, lane, 500);
      expect(queue.length).toBe(500);
      expect(drain(queue).map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, i) => i));
      expect(queue.length).toBe(0);
    }
  });

  it('keeps the order of arrival while nobody sends too much', () => {
    const queue = new InputQueue<Item>();
    const lanes: readonly Lane[] = [0, 0, 'own', 'user', 1, 'own', 0];
    for (const lane of lanes) fill(queue, lane, 1);
    expect(drain(queue).map(({ lane }) => lane)).toEqual(lanes);
  });

  it('deals a flood out over rounds, so that it delays only itself', () => {
    const queue = new InputQueue<Item>();
    fill(queue, 0, 400);
    fill(queue, 1, 2);
    fill(queue, 'own', 1);
    const taken = drain(queue, 20).map(({ lane }) => lane);
    expect(taken).toEqual([...Array(16).fill(0), 1, 1, 'own', 0]);
    // Who comes while the flood is dealt out waits for no more than what is left of a round.
    fill(queue, 1, 1);
    expect(drain(queue, 17).map(({ lane }) => lane)).toContain(1);
    expect(drain(queue)).toHaveLength(400 - 16 - 1 - 16);
  });

  it('never puts off what is the node’s own', () => {
    const queue = new InputQueue<Item>();
    fill(queue, 'own', 40);
    fill(queue, 2, 3);
    expect(drain(queue, 40).every(({ lane }) => lane === 'own')).toBe(true);
  });

  it.each([
    [7, PEER_INPUTS_MAX],
    ['user', USER_INPUTS_MAX],
  ] as const)('says when the lane of %s is full, and that alone', (lane, max) => {
    const queue = new InputQueue<Item>();
    fill(queue, lane, max - 1);
    expect(queue.isFull(lane)).toBe(false);
    fill(queue, lane, 1);
    expect(queue.isFull(lane)).toBe(true);
    expect(queue.isFull(8)).toBe(false);
    queue.take();
    expect(queue.isFull(lane)).toBe(false);
  });
});
