import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { encodedRow, Layer, State, stateRootAfter, type Table } from '../../../settlement/state.ts';

interface Row {
  readonly amount: bigint;
}

const createTable = (id: number): Table<Row> => ({
  id,
  name: `table ${id}`,
  write: (writer, row) => writer.amount(row.amount),
  read: (reader) => ({ amount: reader.amount() }),
});
const tables = [createTable(0), createTable(3), createTable(40)] as const;
const tableAt = (index: number): Table<Row> => tables[index % tables.length] ?? tables[0];

type Command =
  | { readonly type: 'set'; readonly table: number; readonly key: string; readonly amount: bigint }
  | { readonly type: 'delete'; readonly table: number; readonly key: string }
  | { readonly type: 'checkpoint' | 'rollback' | 'seal' | 'fold' };

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'é', 'z/1', '');
const tableIndexes = fc.nat(tables.length - 1);
const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('set' as const),
        table: tableIndexes,
        key: keys,
        amount: fc.bigInt(0n, 9n),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('delete' as const), table: tableIndexes, key: keys }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constantFrom('checkpoint' as const, 'rollback' as const) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('seal' as const, 'fold' as const) }) },
  ),
  { maxLength: 60 },
);

type Model = readonly Map<string, bigint>[];
const copyModel = (model: Model): Map<string, bigint>[] => model.map((rows) => new Map(rows));

/** State over a base and frozen layers, beside plain maps that are copied whole wherever State keeps a journal. */
class Pair {
  readonly base = new Layer();
  frozen: Layer[] = [];
  state = new State([this.base]);
  model = copyModel(tables.map(() => new Map()));
  marks: { readonly mark: number; readonly model: Model }[] = [];

  run(command: Command): void {
    switch (command.type) {
      case 'set':
        this.state.set(tableAt(command.table), command.key, { amount: command.amount });
        this.model[command.table]?.set(command.key, command.amount);
        break;
      case 'delete':
        this.state.set(tableAt(command.table), command.key, undefined);
        this.model[command.table]?.delete(command.key);
        break;
      case 'checkpoint':
        this.marks.push({ mark: this.state.checkpoint(), model: copyModel(this.model) });
        break;
      case 'rollback': {
        const last = this.marks.pop();
        if (last === undefined) return;
        this.state.rollback(last.mark);
        this.model = copyModel(last.model);
        break;
      }
      case 'seal':
        this.frozen.unshift(this.state.freeze());
        this.marks = [];
        this.state = new State([...this.frozen, this.base]);
        break;
      case 'fold': {
        const oldest = this.frozen.pop();
        if (oldest === undefined) return;
        this.base.absorb(oldest);
        // The top layer's writes stay; only what lies below is arranged anew.
        const top = this.state.freeze();
        this.frozen.unshift(top);
        this.marks = [];
        this.state = new State([...this.frozen, this.base]);
      }
    }
  }

  check(): void {
    for (const [index, table] of tables.entries()) {
      const rows = this.model[index] ?? new Map<string, bigint>();
      for (const key of ['a', 'b', 'c', 'd', 'é', 'z/1', '', 'never']) {
        expect(this.state.get(table, key)?.amount).toBe(rows.get(key));
      }
      const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, amount]) => [key, { amount }]);
      expect(this.state.entries(table)).toEqual(sorted);
    }
  }
}

describe('State', () => {
  it('reads like plain maps through sets, deletes, rollbacks, layers and folds', () => {
    fc.assert(
      fc.property(commands, (list) => {
        const pair = new Pair();
        for (const command of list) {
          pair.run(command);
          pair.check();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('leaves the layers below as they were', () => {
    const below = new State([]);
    below.set(tables[0], 'a', { amount: 1n });
    const layer = below.freeze();
    const above = new State([layer]);
    above.set(tables[0], 'a', { amount: 2n });
    above.set(tables[0], 'b', { amount: 3n });
    expect(new State([layer]).entries(tables[0])).toEqual([['a', { amount: 1n }]]);
    above.set(tables[0], 'a', undefined);
    expect(above.get(tables[0], 'a')).toBeUndefined();
    expect(new State([layer]).get(tables[0], 'a')).toEqual({ amount: 1n });
  });

  it('crashes on a write after it was frozen: the layer may be shared by then', () => {
    const state = new State([]);
    state.freeze();
    expect(() => state.set(tables[0], 'a', { amount: 1n })).toThrow('frozen');
  });
});

describe('Layer', () => {
  it('is empty until something is written, and again after everything is rolled back', () => {
    const state = new State([]);
    expect(state.top.isEmpty).toBe(true);
    const mark = state.checkpoint();
    state.set(tables[1], 'a', { amount: 1n });
    expect(state.top.isEmpty).toBe(false);
    state.rollback(mark);
    expect(state.top.isEmpty).toBe(true);
  });

  it('encodes writes by table, then by first write, with deletions marked', () => {
    const state = new State([]);
    state.set(tables[1], 'x', { amount: 5n });
    state.set(tables[0], 'b', { amount: 1n });
    state.set(tables[0], 'a', { amount: 2n });
    state.set(tables[0], 'b', undefined);
    const encoded = state.freeze().encoded();
    expect(
      encoded.writes.map((write) => [
        write.table,
        write.key,
        write.isDeletion ? undefined : encodedRow(encoded, write).at(-1),
      ]),
    ).toEqual([
      [0, 'b', undefined],
      [0, 'a', 2],
      [3, 'x', 5],
    ]);
    expect(state.top.encoded()).toBe(encoded);
  });

  it('forgets an encoding that absorbing made stale', () => {
    const base = new Layer();
    expect(base.encoded().writes).toEqual([]);
    const state = new State([base]);
    state.set(tables[0], 'a', { amount: 1n });
    base.absorb(state.freeze());
    expect(base.encoded().writes).toHaveLength(1);
    const next = new State([base]);
    next.set(tables[0], 'a', undefined);
    base.absorb(next.freeze());
    expect(base.encoded().writes).toEqual([]);
  });

  it('gives the rows of a table only once there are any', () => {
    const layer = new Layer();
    const table = tables[0] as unknown as Table<never>;
    expect(layer.rows(table)).toBeUndefined();
    const rows = layer.open(table);
    expect(layer.open(table)).toBe(rows);
    expect(layer.rows(table)).toBe(rows);
  });
});

describe('stateRootAfter', () => {
  const parent = `0x${'11'.repeat(32)}`;
  const rootOf = (write: (state: State) => void, below: readonly Layer[] = []) => {
    const state = new State(below);
    write(state);
    return stateRootAfter(parent, state.freeze());
  };

  it('is the parent root when nothing was written', () => {
    expect(rootOf(() => undefined)).toBe(parent);
    expect(
      rootOf((state) => {
        const mark = state.checkpoint();
        state.set(tables[0], 'a', { amount: 1n });
        state.rollback(mark);
      }),
    ).toBe(parent);
  });

  it('depends on the writes, not on how they came about nor on what lies below', () => {
    const plain = rootOf((state) => {
      state.set(tables[0], 'a', { amount: 1n });
      state.set(tables[0], 'b', { amount: 2n });
    });
    const below = new State([]);
    below.set(tables[0], 'b', { amount: 9n });
    const winding = rootOf(
      (state) => {
        state.set(tables[0], 'a', { amount: 7n });
        const mark = state.checkpoint();
        state.set(tables[1], 'x', { amount: 1n });
        state.set(tables[0], 'c', { amount: 1n });
        state.set(tables[0], 'a', undefined);
        state.rollback(mark);
        state.get(tables[0], 'b');
        state.entries(tables[2]);
        state.set(tables[0], 'a', { amount: 1n });
        state.set(tables[0], 'b', { amount: 2n });
      },
      [below.freeze()],
    );
    expect(winding).toBe(plain);
  });

  it('differs for every difference in parent, table, key, value and deletion', () => {
    const roots = [
      rootOf((state) => state.set(tables[0], 'a', { amount: 1n })),
      rootOf((state) => state.set(tables[1], 'a', { amount: 1n })),
      rootOf((state) => state.set(tables[0], 'b', { amount: 1n })),
      rootOf((state) => state.set(tables[0], 'a', { amount: 2n })),
      rootOf((state) => state.set(tables[0], 'a', undefined)),
      rootOf((state) => {
        state.set(tables[0], 'a', { amount: 1n });
        state.set(tables[0], 'b', { amount: 1n });
      }),
    ];
    const layer = new State([]);
    layer.set(tables[0], 'a', { amount: 1n });
    roots.push(stateRootAfter(ZERO_HASH, layer.freeze()));
    expect(new Set(roots).size).toBe(roots.length);
  });
});
