/**
 * The rounds of one target: finish what an earlier process left, see whether a batch is due, build it, store it, and let it run.
 * What is stored decides; figures in memory only say when to look.
 */
import { createHash } from 'node:crypto';
import type { AdmittedInput } from '../input/types.ts';
import type { InputRow } from '../storage/inputRow.ts';
import type { InputOutcome } from '../storage/inputStorage.ts';
import { type AdapterFailure, Stopped } from './adapterCall.ts';
import { type Building, buildBatch } from './building.ts';
import { DueCheck } from './due.ts';
import { Groups, halve } from './groups.ts';
import { OpenBatchRun, type RunEnd } from './openBatchRun.ts';
import { chargedOutcome, returnedOutcome } from './outcomes.ts';
import { Processing } from './processing.ts';
import { QueueFigures } from './queueFigures.ts';
import { readOpen, readWaiting } from './readInput.ts';
import { StorageLost } from './storedQueue.ts';
import { type BatchInput, type TargetContext, tellOutcome } from './targetContext.ts';

/** First in the name of a batch that charges inputs which could not be built: nothing of it can be on a chain. */
const UNBUILT = 'unbuilt-';
/** Inputs that are cleared in one go. */
const CLEARED_ROWS = 500;

export class TargetLoop {
  readonly processing: Processing;
  readonly #context: TargetContext;
  readonly #due: DueCheck;
  readonly #figures = new QueueFigures();
  readonly #groups = new Groups();
  /** By batch. */
  readonly #runs = new Map<string, { readonly run: OpenBatchRun; readonly done: Promise<void> }>();
  /** The storage may hold batches of ours that nobody drives. */
  #isStrange = true;
  #isForced = false;
  #isWoken = false;
  #nap = new AbortController();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #names = 0;

  constructor(context: TargetContext) {
    this.#context = context;
    this.processing = new Processing(context);
    this.#due = new DueCheck(context);
  }

  get openBatches(): number {
    return this.#runs.size;
  }

  /** Whether it is in a batch that is under way. */
  isHeld(requestId: string): boolean {
    return [...this.#runs.values()].some(({ run }) => run.holds(requestId));
  }

  /** Counts an input that was stored. */
  count({ data }: Pick<AdmittedInput, 'data'>, row: InputRow): void {
    this.#figures.add(this.#due.count(row, () => data));
  }

  /** Something may have been stored that was not counted. */
  doubt(): void {
    this.#figures.doubt();
  }

  /** Has a batch opened at the next round, which is now, whatever the criteria say. */
  force(): void {
    this.#isForced = true;
    this.#wake();
  }

  /** Ends what waits now. @returns How many. @throws {StorageLost} */
  async clear(): Promise<number> {
    const { target, queue, surroundings, callers } = this.#context;
    const { batchReadBytesMax: bytesMax } = this.#context.settings.limits;
    const nowMs = surroundings.wallClock();
    const code = 'INPUT_CLEARED';
    let cleared = 0;
    for (;;) {
      const page = await queue.waiting({ target, rowsMax: CLEARED_ROWS, bytesMax });
      const rows = page.filter(({ receivedAtMs }) => receivedAtMs <= nowMs);
      const failed = await Promise.all(rows.map(({ requestId }) => queue.fail(requestId, code)));
      const ended = rows.filter((_, index) => failed[index]?.ok === true);
      for (const { requestId } of ended) {
        callers.tellFailed(requestId, code);
        surroundings.emit({ type: 'input:failed', target, requestId, code });
      }
      this.#groups.release(ended.map(({ requestId }) => requestId));
      this.#figures.doubt();
      cleared += ended.length;
      if (ended.length === 0) return cleared;
    }
  }

  /** Runs until the batcher stops; then until what is under way has ended. */
  async run(): Promise<void> {
    const { signal, queue, settings } = this.#context;
    while (!signal.aborted) {
      try {
        await this.#round();
        await this.#sleep(settings.pollingIntervalMs);
      } catch (cause) {
        if (cause instanceof Stopped) break;
        if (!(cause instanceof StorageLost)) throw cause;
        this.#isStrange = true;
        this.#figures.doubt();
        await queue.rested();
      }
    }
    await Promise.all([...this.#runs.values()].map(({ done }) => done));
    await this.processing.idle();
  }

  /** What has not ended by now is left as it is stored. */
  abandon(): void {
    for (const { run } of this.#runs.values()) run.abandon();
  }

  async #round(): Promise<void> {
    if (this.#isStrange) await this.#recover();
    while (this.#canOpen()) {
      const rows = await this.#choose();
      if (rows.length === 0 || !(await this.#open(rows))) return;
    }
  }

  #canOpen(): boolean {
    const { adapter, parking, signal } = this.#context;
    const runs = [...this.#runs.values()];
    if (signal.aborted || parking.isParked || runs.some(({ run }) => run.isUnasked)) return false;
    // One batch finds out whether a target that failed is back.
    return runs.length < (parking.isDoubtful ? 1 : adapter.openBatchesMax);
  }

  /** Goes on with batches that nobody drives: of an earlier process, or of a call whose answer was lost. */
  async #recover(): Promise<void> {
    const { queue, target, settings, surroundings } = this.#context;
    // From here on: a batch that others conclude meanwhile may leave inputs behind.
    this.#isStrange = false;
    // One that ends while this is read is no stranger.
    const known = new Set(this.#runs.keys());
    const unfinished = await queue.unfinishedBatches();
    for (const { batch, rows } of unfinished) {
      const isOurs = batch.owner === settings.owner && batch.target === target;
      if (!isOurs || known.has(batch.batchId) || rows.length === 0) continue;
      if (batch.batchId.startsWith(UNBUILT)) {
        await queue.conclude(batch.batchId, rows.map(returnedOutcome));
        continue;
      }
      const { batchId, requestIds } = batch;
      surroundings.emit({ type: 'batch:recover', target, batchId, requestIds });
      const inputs = rows.map((row) => readOpen(this.#context, row));
      this.#start(new OpenBatchRun(this.#context, batch, inputs, this.#runOptions(batchId, true)));
    }
  }

  /** @returns Inputs that belong into a batch now; none: nothing is due. */
  async #choose(): Promise<readonly InputRow[]> {
    const { queue, target, settings, surroundings } = this.#context;
    const { refreshIntervalMs, batchReadBytesMax } = settings.limits;
    if (surroundings.now() - this.#readAtMs >= refreshIntervalMs) this.#figures.doubt();
    const isWorthALook = this.#figures.isWorthALook(this.#due.criteria, surroundings.wallClock());
    if (!isWorthALook && !this.#isForced) return [];
    this.#figures.beginReading();
    let rows: readonly InputRow[];
    try {
      rows = await queue.waiting({ target, rowsMax: this.#due.sizeMax, bytesMax: batchReadBytesMax });
    } catch (cause) {
      this.#figures.dropReading();
      throw cause;
    }
    this.#readAtMs = surroundings.now();
    const counted = rows.map((row) => this.#due.count(row, () => readOpen(this.#context, row).queued.data));
    this.#figures.endReading(counted);
    if (rows.length === 0) this.#isForced = false;
    const again = this.#groups.pick(rows);
    if (again.length > 0) return again;
    // They were due once; criteria that wait for more might wait for ever.
    const returned = rows.filter(({ state }) => state !== 'queued');
    if (returned.length > 0) return returned;
    if (rows.length === 0) return [];
    return this.#isForced || (await this.#due.isDue(rows, counted)) ? rows : [];
  }

  /** @returns Whether a batch was opened. */
  async #open(rows: readonly InputRow[]): Promise<boolean> {
    const { parking, settings } = this.#context;
    let inputs = await this.#readable(rows);
    while (inputs.length > 0) {
      const { round } = parking;
      const building = await buildBatch(this.#context, inputs);
      const failure = building.ok ? await this.#store(building) : building.failure;
      if (failure === undefined) return true;
      if (failure === 'taken') return false;
      if (failure.blame === 'infrastructure') {
        this.#park(failure, round, undefined);
        const isOver = Math.min(...inputs.map(({ row }) => row.parks)) + 1 >= settings.maxParks;
        await this.#chargeWaiting(inputs, isOver ? 'attempt' : 'park', 'INPUT_FAILED');
        return false;
      }
      const named = inputs.filter(({ row }) => failure.requestIds.includes(row.requestId));
      const blamed = named.length === 0 && inputs.length === 1 ? inputs : named;
      await this.#chargeWaiting(blamed, 'attempt', failure.code);
      inputs =
        blamed.length === 0 ? (halve(inputs)[0] ?? []) : inputs.filter((input) => !blamed.includes(input));
    }
    return false;
  }

  /** Ends those that the grammar no longer takes. */
  async #readable(rows: readonly InputRow[]): Promise<readonly BatchInput[]> {
    const { queue, callers, surroundings, target } = this.#context;
    const inputs: BatchInput[] = [];
    for (const row of rows) {
      const read = readWaiting(this.#context, row);
      if (read.ok) inputs.push(read.value);
      else if ((await queue.fail(row.requestId, read.code)).ok) {
        callers.tellFailed(row.requestId, read.code);
        surroundings.emit({ type: 'input:failed', target, requestId: row.requestId, code: read.code });
        this.#figures.doubt();
      }
    }
    return inputs;
  }

  /** Stores a batch and lets it run. @returns Why not: `taken` when what waits is no longer what was read. */
  async #store({
    content,
    inputs,
  }: Extract<Building, { readonly ok: true }>): Promise<AdapterFailure | 'taken' | undefined> {
    const { queue, target, settings, surroundings } = this.#context;
    const requestIds = inputs.map(({ row }) => row.requestId);
    const batchId = this.#name('', requestIds);
    const opened = await queue.openBatch({
      ...{ batchId, target, owner: settings.owner, content, requestIds },
      openedAtMs: surroundings.wallClock(),
    });
    this.#figures.doubt();
    if (!opened.ok && opened.code === 'INPUT_ROW_TOO_LARGE')
      return { blame: 'input', code: 'INPUT_NEVER_FITS', reason: opened.message, requestIds: [] };
    if (!opened.ok) return 'taken';
    this.#isForced = false;
    surroundings.emit({ type: 'batch:open', target, batchId, requestIds });
    this.#start(new OpenBatchRun(this.#context, opened.value, inputs, this.#runOptions(batchId, false)));
    return undefined;
  }

  /** Charges inputs that wait, by way of a batch that is never sent. */
  async #chargeWaiting(
    inputs: readonly BatchInput[],
    charge: 'attempt' | 'park',
    code: string,
  ): Promise<void> {
    if (inputs.length === 0) return;
    const { queue, target, settings, surroundings } = this.#context;
    const requestIds = inputs.map(({ row }) => row.requestId);
    const batchId = this.#name(UNBUILT, requestIds);
    const opened = await queue.openBatch({
      ...{ batchId, target, owner: settings.owner, content: '', requestIds },
      openedAtMs: surroundings.wallClock(),
    });
    this.#figures.doubt();
    if (!opened.ok) return;
    const outcomes = inputs.map(({ row }): InputOutcome => {
      if (charge === 'attempt') return chargedOutcome(row, code, settings.maxRetries);
      return { requestId: row.requestId, kind: 'returned', charge };
    });
    const written = await queue.conclude(batchId, outcomes);
    if (!written.ok) return;
    for (const [index, outcome] of outcomes.entries())
      tellOutcome(this.#context, outcome, (inputs[index] as BatchInput).row, code);
    this.#groups.release(requestIds);
    const again = outcomes.filter(({ kind }) => kind === 'returned').map(({ requestId }) => requestId);
    if (charge === 'park') this.#groups.bind(again);
    else for (const requestId of again) this.#groups.bind([requestId]);
  }

  #runOptions(batchId: string, isRecovered: boolean) {
    const park = (failure: AdapterFailure, round: number): void => this.#park(failure, round, batchId);
    return { isRecovered, park };
  }

  /** Callers are told, but for those whose inputs are in other batches, which may fare better. */
  #park(failure: AdapterFailure, round: number, batchId: string | undefined): void {
    const { parking, callers, target } = this.#context;
    const isNew = parking.park(failure, round);
    if (!isNew && !parking.isParked) return;
    const others = [...this.#runs].filter(([id]) => id !== batchId);
    const held = new Set(others.flatMap(([, { run }]) => run.requestIds));
    callers.tellParked(target, failure.code, (requestId) => held.has(requestId));
  }

  #start(run: OpenBatchRun): void {
    const done = run.run().then((end) => this.#end(run, end));
    this.#runs.set(run.batchId, { run, done });
  }

  #end(run: OpenBatchRun, end: RunEnd): void {
    this.#runs.delete(run.batchId);
    this.#figures.doubt();
    if (end.kind === 'stopped') return;
    const { again, ended, isCharged, receipt } = end;
    // Somebody else concluded it; what is left of it, if anything, is found in the storage.
    const isGone = again.length + ended.length === 0;
    if (isGone) this.#isStrange = true;
    this.#groups.release(run.requestIds);
    for (const part of again) this.#groups.bind(part);
    if (receipt !== undefined) this.processing.watch(receipt);
    if (!isCharged && !isGone) this.#wake();
  }

  /** No two batches have the same name, also of other owners and after a restart. */
  #name(prefix: string, requestIds: readonly string[]): string {
    const { target, settings, surroundings } = this.#context;
    this.#names += 1;
    const parts = [settings.owner, target, surroundings.wallClock(), surroundings.random(), this.#names];
    const digest = createHash('sha256').update(JSON.stringify([...parts, requestIds]));
    return `${prefix}${digest.digest('hex').slice(0, 32)}`;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#nap.abort();
  }

  async #sleep(restMs: number): Promise<void> {
    const { signal, surroundings } = this.#context;
    if (!this.#isWoken && !signal.aborted) {
      this.#nap = new AbortController();
      const stop = (): void => this.#nap.abort();
      signal.addEventListener('abort', stop, { once: true });
      await surroundings.wait(restMs, this.#nap.signal);
      signal.removeEventListener('abort', stop);
    }
    this.#isWoken = false;
  }
}
