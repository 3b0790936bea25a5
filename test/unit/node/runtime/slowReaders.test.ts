import { describe, expect, it } from 'vitest';
import { SlowReaders } from '../../../../node/runtime/slowReaders.ts';

/** What each look says of a peer with these backlogs. */
function looks(backlogs: readonly number[], readers = new SlowReaders()): boolean[] {
  return backlogs.map((byteCount) => readers.look('peer', byteCount));
}

describe('SlowReaders', () => {
  it('finds a peer whose backlog has not become less for eleven looks', () => {
    const said = looks([5, 5, 6, 6, 7, 7, 7, 8, 9, 9, 9]);
    expect(said.slice(0, 10)).toEqual(Array(10).fill(false));
    expect(said[10]).toBe(true);
  });

  it('lets a peer be that reads a little, or all there is', () => {
    expect(looks([9, 9, 9, 9, 9, 9, 9, 9, 9, 8, 9, 9, 9]).some((slow) => slow)).toBe(false);
    expect(looks([9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 9, 9, 9]).some((slow) => slow)).toBe(false);
  });

  it('begins anew with a peer that went away', () => {
    const readers = new SlowReaders();
    looks(Array(10).fill(5), readers);
    readers.keep(new Set(['other']));
    expect(readers.look('peer', 5)).toBe(false);
  });
});
