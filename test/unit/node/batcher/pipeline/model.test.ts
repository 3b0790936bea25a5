import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError, type Verdict } from '../../../../../consensus/primitives/codedError.ts';
import type { BatcherAdapter } from '../../../../../node/batcher/adapters/adapter.ts';
import type { Batcher } from '../../../../../node/batcher/pipeline/batcher.ts';
import type { InputAnswer } from '../../../../../node/batcher/pipeline/inputPipeline.ts';
import { readSettings } from '../../../../../node/batcher/pipeline/options.ts';
import { startBatcher } from '../../../../../node/batcher/pipeline/startBatcher.ts';
import { type InputRow, inputStates, isEnded } from '../../../../../node/batcher/storage/inputRow.ts';
import type { ChangeSet } from '../../../../../node/batcher/storage/shelf.ts';
import { idOf, requestOf } from '../../../../helpers/batcherWorld.ts';
import { type AdapterFault, FakeAdapter, FakeChain } from '../../../../helpers/fakeChain.ts';
import { MemoryShelf, openMemoryInputs } from '../../../../helpers/memoryInputs.ts';
import { type CallFault, Mortal } from '../../../../helpers/mortal.ts';
import { VirtualTime } from '../../../../helpers/virtualTime.ts';

const MAX_RETRIES = 3;
const rate = { burst: 1_000_000, perSecond: 1_000_000, keysMax: 10 };

/** Notes each change that the law of the rows should not have let through. */
class WatchedShelf extends MemoryShelf {
  readonly broken: string[] = [];

  override async commit(sets: readonly ChangeSet[]) {
    const results = await super.commit(sets);
    for (const [index, set] of sets.entries())
      if (results[index] === 'done')
        for (const { before, after } of set.rows) if (before && after) this.#judge(before, after);
    return results;
  }

  #judge(before: InputRow, after: InputRow): void {
    const rank = (row: InputRow) => inputStates.indexOf(row.state);
    if (rank(after) < rank(before)) this.broken.push(`${before.state} became ${after.state}`);
    if (isEnded(before) && before.state !== after.state) this.broken.push(`${before.state} was not the end`);
    if (after.attempts > MAX_RETRIES) this.broken.push(`${after.attempts} attempts`);
  }
}

interface Life {
  /** The call that the process does not survive. */
  readonly calls: number;
  readonly isKilledLate: boolean;
}

interface Plan {
  readonly openBatchesMax: number;
  readonly maxBatchSize: number;
  readonly poisonAt: 'estimate' | 'submit' | 'wait';
  readonly isNaming: boolean;
  readonly poisoned: readonly number[];
  readonly refused: readonly number[];
  /** Inputs by number, and how long after the one before, in ms. */
  readonly sends: readonly {
    readonly number: number;
    readonly afterMs: number;
    readonly level: 'no-wait' | 'wait-receipt';
  }[];
  readonly faults: readonly (AdapterFault | undefined)[];
  readonly storageFaults: readonly (CallFault | undefined)[];
  readonly lives: readonly Life[];
}

const faultsOf = <Fault>(faults: readonly Fault[], maxLength: number) =>
  fc.array(fc.option(fc.constantFrom(...faults), { nil: undefined, freq: 2 }), { maxLength });

const plans: fc.Arbitrary<Plan> = fc.record({
  openBatchesMax: fc.integer({ min: 1, max: 3 }),
  maxBatchSize: fc.integer({ min: 1, max: 8 }),
  poisonAt: fc.constantFrom('estimate', 'submit', 'wait'),
  isNaming: fc.boolean(),
  poisoned: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
  refused: fc.array(fc.integer({ min: 13, max: 16 }), { maxLength: 2 }),
  sends: fc.array(
    fc.record({
      number: fc.integer({ min: 1, max: 16 }),
      afterMs: fc.constantFrom(0, 0, 0, 1, 400, 1500),
      level: fc.constantFrom('no-wait', 'wait-receipt'),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  faults: faultsOf<AdapterFault>(
    ['unreachable', 'silent', 'lost_answer', 'silent_after', 'noted', 'timeout'],
    60,
  ),
  storageFaults: faultsOf<CallFault>(['before', 'after'], 60),
  lives: fc.array(fc.record({ calls: fc.integer({ min: 1, max: 40 }), isKilledLate: fc.boolean() }), {
    maxLength: 5,
  }),
});

class Run {
  readonly time = new VirtualTime();
  readonly chain = new FakeChain();
  readonly shelf = new WatchedShelf();
  readonly acknowledged = new Set<string>();
  readonly #plan: Plan;
  readonly #faults: (AdapterFault | undefined)[];
  readonly #storageFaults: (CallFault | undefined)[];
  readonly #lives: Life[];
  #waiting = new Map<Promise<unknown>, Mortal>();
  mortal = new Mortal();
  batcher: Batcher | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#faults = [...plan.faults];
    this.#storageFaults = [...plan.storageFaults];
    this.#lives = [...plan.lives];
    for (const number of plan.poisoned) this.chain.poisoned.add(idOf(number));
    for (const number of plan.refused) this.chain.refused.set(idOf(number), 'BALANCE_TOO_LOW');
  }

  /** Callers of the living that were told nothing. */
  get waiting(): number {
    return [...this.#waiting.values()].filter((mortal) => !mortal.isDead).length;
  }

  async start(): Promise<void> {
    const life = this.#lives.shift();
    const mortal = new Mortal(life?.calls, life?.isKilledLate);
    this.mortal = mortal;
    const { openBatchesMax, maxBatchSize, poisonAt, isNaming } = this.#plan;
    const adapter = new FakeAdapter(this.chain, {
      ...{ openBatchesMax, poisonAt, isNaming },
      fault: () => this.#faults.shift(),
    });
    const error = new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
    const storage = mortal.wrap(openMemoryInputs(this.shelf), () => {
      const when = this.#storageFaults.shift();
      return when === undefined ? undefined : { when, error };
    });
    this.batcher = await startBatcher(
      {
        adapters: { fake: this.#mortalAdapter(mortal, adapter) },
        ...{ defaultTarget: 'fake', rateLimits: { client: rate, account: rate }, maxRetries: MAX_RETRIES },
        batchingCriteria: { fake: { criteriaType: 'hybrid', timeWindowMs: 500, maxBatchSize } },
      },
      {
        storage,
        wallClock: () => this.time.nowMs,
        now: () => this.time.nowMs,
        wait: (ms, signal) => mortal.revive(this.time.wait(ms, signal)),
        random: () => 0.5,
      },
    );
  }

  /** Its calls end with the process, and so does what it notes. */
  #mortalAdapter(mortal: Mortal, adapter: FakeAdapter): BatcherAdapter {
    const wrapped = mortal.wrap<BatcherAdapter>(adapter);
    return new Proxy(wrapped, {
      get: (target, key) => {
        const plain = ['validateInput', 'verifySignature', 'start', 'stop'].includes(String(key));
        const member: unknown = Reflect.get(plain ? adapter : target, key);
        return plain ? (member as (...parameters: never[]) => unknown).bind(adapter) : member;
      },
    });
  }

  send(number: number, level: string): void {
    const { mortal } = this;
    const sent = (this.batcher as Batcher).send(requestOf(number, { confirmationLevel: level }), 'client');
    const heard = sent.then((verdict: Verdict<InputAnswer>) => {
      this.#waiting.delete(heard);
      if (mortal.isDead) return;
      if (verdict.ok || verdict.details?.request_id === idOf(number)) this.acknowledged.add(idOf(number));
    });
    this.#waiting.set(heard, mortal);
  }

  async drive(): Promise<void> {
    await this.start();
    for (const { number, afterMs, level } of this.#plan.sends) {
      await this.time.pass(afterMs);
      if (this.mortal.isDead) await this.start();
      this.send(number, level);
    }
    // Whatever else is to go wrong has its time; then the world is well.
    for (let lives = 0; lives < 10; lives += 1) {
      await this.time.pass(20_000);
      if (this.mortal.isDead) await this.start();
    }
    this.#faults.length = 0;
    this.#storageFaults.length = 0;
    this.#lives.length = 0;
    this.mortal.spare();
    if (this.mortal.isDead) await this.start();
    await this.time.until(() => this.#isDone(), 7_200_000);
  }

  #isDone(): boolean {
    return [...this.shelf.index.rows.values()].every(isEnded) && this.waiting === 0;
  }

  problems(): readonly string[] {
    const { shelf, chain } = this;
    const rows = new Map([...shelf.index.rows].map(([id, row]) => [`0x${id}`, row]));
    const problems = [...shelf.broken, ...chain.resent.map((hash) => `${hash} was sent again`)];
    for (const id of this.acknowledged) if (!rows.has(id)) problems.push(`${id} was lost`);
    for (const id of chain.executed) if (!rows.has(id)) problems.push(`${id} was invented`);
    for (const [id, row] of rows) {
      const isBad = chain.poisoned.has(id);
      const code = isBad ? 'BATCHER_BATCH_REVERTED' : chain.refused.get(id);
      const count = chain.count(id);
      if (count !== (code === undefined ? 1 : 0)) problems.push(`${id} was executed ${count} times`);
      if (row.state !== (code === undefined ? 'confirmed' : 'failed')) problems.push(`${id} is ${row.state}`);
      if (row.errorCode !== code) problems.push(`${id}: ${row.errorCode} instead of ${code}`);
      if (!isBad && row.attempts > 0) problems.push(`${id} was charged for others`);
    }
    if (shelf.index.batches.size > 0) problems.push('a batch is left');
    return problems;
  }
}

describe('the pipeline over a chain, a storage and a process that fail', () => {
  it('executes each acknowledged input once, or ends it with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const run = new Run(plan);
        await run.drive();
        expect(run.problems()).toEqual([]);
        await run.time.resolve((run.batcher as Batcher).stop());
      }),
      { numRuns: 60 },
    );
  });

  it('has settings that the laws above are about', () => {
    const { maxParks } = readSettings({
      adapters: { fake: new FakeAdapter(new FakeChain()) },
      defaultTarget: 'fake',
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 1 } },
    });
    // No plan has as many faults in a row: nobody is charged for an outage.
    expect(maxParks).toBeGreaterThanOrEqual(50);
  });
});
