import { describe, expect, it } from 'vitest';
import { GenerationalMap } from '../../../../consensus/primitives/generationalMap.ts';

describe('GenerationalMap', () => {
  it('keeps at least one generation and at most two', () => {
    const map = new GenerationalMap<number, string>({ generationSize: 10 });
    for (let key = 0; key < 100; key += 1) map.set(key, `value ${key}`);
    const kept = Array.from({ length: 100 }, (_, key) => key).filter((key) => map.get(key) !== undefined);
    expect(kept.slice(-10)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    expect(kept.length).toBeLessThanOrEqual(20);
  });

  it('keeps what is read and forgets what is not', () => {
    const map = new GenerationalMap<string, number>({ generationSize: 4 });
    map.set('read', 1);
    map.set('unread', 2);
    for (let key = 0; key < 40; key += 1) {
      map.set(`other ${key}`, key);
      expect(map.get('read')).toBe(1);
    }
    expect(map.get('unread')).toBeUndefined();
  });

  it('gives the newest value of a key', () => {
    const map = new GenerationalMap<string, number>({ generationSize: 2 });
    for (let value = 0; value < 9; value += 1) {
      map.set('key', value);
      map.set(`other ${value}`, value);
      expect(map.get('key')).toBe(value);
    }
  });

  it('refuses a generation of nothing', () => {
    expect(() => new GenerationalMap({ generationSize: 0 })).toThrow('at least one');
  });
});
