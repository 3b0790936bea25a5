/**
 * Any interleaving of loops of several engines, crashes between any two statements and around any call, and whatever a
 * ledger may do with a command, against what must hold: after each step in what the database shows, and at the end.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../node/autobatch/database/database.ts';
import type { BatchOrdersJob } from '../../node/autobatch/engine/batchOrdersJob.ts';
import type { CommandStanding, OrderLedger } from '../../node/autobatch/engine/ledger.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import { openTestDatabase, type TestDatabase, testOrder } from '../helpers/autoBatchDatabase.ts';
import { Life, makeEngine } from '../helpers/autoBatchEngine.ts';
import { AutoBatchModel } from '../helpers/autoBatchModel.ts';
import { FakeLedger, type SubmissionFate, submissionFates } from '../helpers/fakeLedger.ts';
import { Turnstile } from '../helpers/turnstile.ts';

const parties = ['anna', 'bert', 'carl'] as const;
const rounds = ['batchingRound', 'monitoringRound', 'retryingRound'] as const;
const RUNS = Number(process.env.SIDEREAL_TEST_MODEL_RUNS ?? 30);
/** Of one run on a machine that is busy with much else; the limit is for what hangs. */
const RUN_MS_MAX = 20_000;

interface Start {
  readonly engine: number;
  readonly round: (typeof rounds)[number];
  /** Steps until it crashes. */
  readonly life: number | undefined;
}

type Action =
  | {
      readonly type: 'add';
      readonly party: string;
      readonly count: number;
      readonly poisoned: boolean;
      readonly blocks?: readonly (number | undefined)[];
    }
  | { readonly type: 'run'; readonly starts: readonly Start[]; readonly picks: readonly number[] }
  | { readonly type: 'blocks'; readonly count: number }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'fate'; readonly fate: SubmissionFate }
  | { readonly type: 'down' | 'stalled'; readonly is: boolean };

const start: fc.Arbitrary<Start> = fc.record({
  engine: fc.nat(2),
  round: fc.constantFrom(...rounds),
  life: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 2 }),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      party: fc.constantFrom(...parties),
      count: fc.integer({ min: 1, max: 6 }),
      poisoned: fc.boolean(),
      // Last heights, counted from the height at which the orders come.
      blocks: fc.array(fc.option(fc.integer({ min: -2, max: 15 }), { nil: undefined, freq: 1 }), {
        maxLength: 6,
      }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('run' as const),
      starts: fc.array(start, { minLength: 1, maxLength: 4 }),
      picks: fc.array(fc.nat(7), { minLength: 5, maxLength: 30 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('blocks' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      ms: fc.constantFrom(1000, 5000, 10_000, 30_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('fate' as const), fate: fc.constantFrom(...submissionFates) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('down' as const, 'stalled' as const), is: fc.boolean() }),
  },
);

describe('the order engine against its model', () => {
  let place: TestDatabase;
  beforeAll(async () => {
    place = await openTestDatabase('in-memory');
  }, 60_000);
  afterAll(() => place.end());

  async function play(
    actions: readonly Action[],
    namesCulprit: boolean,
    looksAtHeights: boolean,
    maxAttempts: number,
    keptOrdersMax: number,
  ): Promise<void> {
    await place.clear();
    const ledger = new FakeLedger();
    ledger.namesCulprit = namesCulprit;
    ledger.looksAtHeights = looksAtHeights;
    const model = new AutoBatchModel(place.database, maxAttempts);
    const world = { ledger, model, turnstile: new Turnstile(() => model.look()), keptOrdersMax };
    for (const one of actions) await act(world, one);
    ledger.isDown = false;
    ledger.isStalled = false;
    await finish(world);
    model.checkEnd(ledger);
  }

  async function act(world: World, one: Action): Promise<void> {
    const { ledger, model, turnstile } = world;
    switch (one.type) {
      case 'add': {
        const added = Array.from({ length: one.count }, (_, index) => {
          const blocks = one.blocks?.[index];
          const lastHeight = blocks === undefined ? undefined : Math.max(1, ledger.height + blocks);
          return testOrder(one.party, `r${model.nextReference()}`, 10n, lastHeight);
        });
        if (one.poisoned && added[0] !== undefined) ledger.poisoned.add(added[0].orderId);
        await new OrderStore(place.database).add(added, 1000);
        return model.look();
      }
      case 'run':
        return turnstile.run(
          one.starts.map((given) => () => job(world, given)[given.round]()),
          one.picks,
        );
      case 'blocks':
        return ledger.makeBlocks(one.count);
      case 'pass':
        return place.pass(one.ms);
      case 'fate':
        ledger.fates.push(one.fate);
        return;
      case 'down':
        ledger.isDown = one.is;
        return;
      case 'stalled':
        ledger.isStalled = one.is;
    }
  }

  /** An engine that has just started: what an earlier one knew is in the database alone. */
  function job(
    { ledger, model, turnstile, keptOrdersMax }: World,
    { engine, life }: Omit<Start, 'round'>,
  ): BatchOrdersJob {
    const lived = new Life(life);
    const database: Database = {
      transaction: (work) => turnstile.pass(() => place.database.transaction(work)),
      close: async () => undefined,
    };
    const stepped: OrderLedger = {
      countFitting: (orders) => ledger.countFitting(orders),
      finalHeight: () => turnstile.pass(() => ledger.finalHeight()),
      lastHeight: () => turnstile.pass(() => ledger.lastHeight()),
      submit: (command) =>
        turnstile.pass(async () => {
          await model.checkSubmission(command);
          return ledger.submit(command);
        }),
      ask: (commandId) => turnstile.pass(() => ledger.ask(commandId)),
      isPaid: (order) => turnstile.pass(() => ledger.isPaid(order)),
    };
    return makeEngine({
      database: lived.database(database),
      ledger: lived.ledger(stepped),
      name: `engine ${engine}`,
      options: {
        maxSize: 4,
        maxAttempts: model.maxAttempts,
        retention: { retentionMs: 1e9, keptOrdersMax },
      },
    });
  }

  /** The ledger answers and nobody crashes: everything has to come to an end. */
  async function finish(world: World): Promise<void> {
    const { ledger, model, turnstile } = world;
    const last = { engine: 9, life: undefined };
    for (let turn = 0; turn < 300; turn += 1) {
      for (const round of rounds) await turnstile.run([() => job(world, last)[round]()], [0]);
      if (model.isAtEnd) return;
      ledger.makeBlocks(1);
      await place.pass(30_000);
    }
    throw new Error(`something stays without an end: ${model.describe()}`);
  }

  it(
    'pays every order once or lets it fail with a reason, whatever happens in between',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(action, { minLength: 5, maxLength: 30 }),
          fc.boolean(),
          fc.boolean(),
          fc.integer({ min: 1, max: 3 }),
          fc.constantFrom(1, 4, 1000),
          play,
        ),
        {
          numRuns: RUNS,
        },
      );
    },
    RUNS * RUN_MS_MAX,
  );

  it('takes away what has ended while the rest goes on', async () => {
    await place.clear();
    const ledger = new FakeLedger();
    const model = new AutoBatchModel(place.database, 3);
    const world = { ledger, model, turnstile: new Turnstile(() => model.look()), keptOrdersMax: 4 };
    for (const party of parties) await act(world, { type: 'add', party, count: 6, poisoned: true });
    await finish(world);
    await world.turnstile.run([() => job(world, { engine: 1, life: undefined }).batchingRound()], [0]);
    model.checkEnd(ledger);
    expect(model.goneCount).toBeGreaterThan(13);
  });

  it('would notice orders that are let go while a command can still pay them', async () => {
    await place.clear();
    const ledger = new HastyLedger();
    ledger.fates.push('late');
    const model = new AutoBatchModel(place.database, 1);
    const turnstile = new Turnstile(() => model.look());
    const world = { ledger, model, turnstile, keptOrdersMax: 100 };
    await act(world, { type: 'add', party: 'anna', count: 2, poisoned: false });
    await finish(world);
    expect(() => model.checkEnd(ledger)).toThrow('was paid 2 times');
  });
});

/** Says of what it does not know that it can never come. */
class HastyLedger extends FakeLedger {
  override async ask(commandId: string): Promise<CommandStanding> {
    const standing = await super.ask(commandId);
    return standing.type === 'unknown' ? { ...standing, finalHeight: Number.MAX_SAFE_INTEGER } : standing;
  }
}

interface World {
  readonly ledger: FakeLedger;
  readonly model: AutoBatchModel;
  readonly turnstile: Turnstile;
  readonly keptOrdersMax: number;
}
