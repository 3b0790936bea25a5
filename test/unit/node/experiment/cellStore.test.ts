import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cell, runCell } from '../../../../node/experiment/cell.ts';
import {
  CellStore,
  type ExperimentIdentity,
  findFolderProblem,
} from '../../../../node/experiment/cellStore.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';

const identity: ExperimentIdentity = { experiment: 'aa', program: 'bb', scenario: 'kept', version: '1' };

let root = '';
let cell: Cell;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sidereal-cells-'));
  const parsed = parseScenario('duration: 20s\nworkload: { uniform: { transactions_per_block: 1 } }', 'kept');
  if (!parsed.ok) throw new Error('the scenario does not load');
  cell = runCell({ index: 0, scenario: parsed.value.scenario, withSeries: true });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('CellStore', () => {
  it('gives cells back as they were', () => {
    const dir = join(root, 'back', 'deep');
    const store = new CellStore(dir, identity, 3);
    store.add(cell);
    store.add({ ...cell, index: 2 });
    const again = new CellStore(dir, identity, 3);
    expect([...again.cells]).toEqual([
      [0, cell],
      [2, { ...cell, index: 2 }],
    ]);
  });

  it('leaves out a line that was cut off, and what is no cell of this sweep', () => {
    const dir = join(root, 'torn');
    const store = new CellStore(dir, identity, 2);
    store.add(cell);
    const file = join(dir, 'cells.ndjson');
    const line = JSON.stringify({ ...cell, index: 1 });
    appendFileSync(
      file,
      `${JSON.stringify({ ...cell, index: 7 })}\nrubbish\n{"index":1}\n${line.slice(0, 300)}`,
    );
    const again = new CellStore(dir, identity, 2);
    expect([...again.cells.keys()]).toEqual([0]);
    again.add({ ...cell, index: 1 });
    expect([...new CellStore(dir, identity, 2).cells.keys()]).toEqual([0, 1]);
  });

  it.each([
    ['another experiment', { experiment: 'ff' }, /holds another experiment: a sweep of "kept"/],
    ['another build', { program: 'ff' }, /as another build/],
  ])('refuses the folder of %s and changes nothing', (name, other, message) => {
    const dir = join(root, name);
    new CellStore(dir, identity, 1).add(cell);
    const before = readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), 'utf8')]);
    const open = (): unknown => new CellStore(dir, { ...identity, ...other }, 1);
    expect(open).toThrowError(message);
    expect(open).toThrowError(expect.objectContaining({ code: 'OUT_DIR_TAKEN' }));
    expect(readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), 'utf8')])).toEqual(before);
  });

  it('refuses a folder that is somebody else’s', () => {
    const dir = join(root, 'foreign');
    mkdirSync(dir);
    expect(findFolderProblem(dir, identity)).toBeUndefined();
    writeFileSync(join(dir, 'thesis.tex'), 'years of work');
    expect(findFolderProblem(dir, identity)).toMatch(/holds other files \(thesis\.tex\)/);
    rmSync(join(dir, 'thesis.tex'));
    writeFileSync(join(dir, 'results.json'), '{}');
    expect(findFolderProblem(dir, identity)).toMatch(/has no experiment\.json/);
    expect(findFolderProblem(join(dir, 'results.json'), identity)).toMatch(/is not a folder/);
  });
});
