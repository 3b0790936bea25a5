/**
 * The life of one batch that is stored: it is submitted, waited for, asked after, and in the end concluded. Whatever throws, it goes
 * on from what is known: nothing that may have left is sent again, charged or given back before the adapter said where it stands.
 */
import type { OpenBatch, Standing, TransactionReceipt } from '../adapters/adapter.ts';
import type { BatchRow, InputRow } from '../storage/inputRow.ts';
import type { InputOutcome } from '../storage/inputStorage.ts';
import { type AdapterFailure, callAdapter, failureOf, Stopped } from './adapterCall.ts';
import type { ReturnReason } from './events.ts';
import { halve } from './groups.ts';
import { chargedOutcome, receiptOutcomes, returnedOutcome } from './outcomes.ts';
import { StorageLost } from './storedQueue.ts';
import { type BatchInput, type TargetContext, tellOutcome } from './targetContext.ts';

/** Beyond the time that an adapter is given for a receipt: until it is taken to have forgotten to answer, in ms. */
const GRACE_MS = 10_000;

/** How a batch ended. `again`: inputs that wait for other batches, by who goes together. */
export type RunEnd =
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'concluded';
      readonly again: readonly (readonly string[])[];
      readonly ended: readonly string[];
      /** A try was charged: the same is not tried again at once. */
      readonly isCharged: boolean;
      /** Confirmed here, and to be watched for being processed. */
      readonly receipt: TransactionReceipt | undefined;
    };

/** What is to become of the whole batch. */
interface Decision {
  readonly outcomes: readonly InputOutcome[];
  readonly again: readonly (readonly string[])[];
  readonly why: ReturnReason;
  /** Of what is charged. */
  readonly code: string;
  readonly receipt?: TransactionReceipt;
}

/** The storage has no such batch any more: whoever concluded it has decided its inputs. */
class Gone extends Error {}

export interface RunOptions {
  /** An earlier process opened it, and what it did is not known. */
  readonly isRecovered: boolean;
  /** Parks the target for a failure of this batch. @param round - Of the parking, when the call began. */
  readonly park: (failure: AdapterFailure, round: number) => void;
}

export class OpenBatchRun {
  readonly #context: TargetContext;
  readonly #inputs: readonly BatchInput[];
  readonly #batch: BatchRow;
  readonly #options: RunOptions;
  /** Rests since the last charge, by input. */
  readonly #parks: Map<string, number>;
  #hashes: readonly string[];
  /** One of them is on disk for certain. */
  #isNoted: boolean;
  /** A transaction of it may be on its way, or on the chain. */
  #mayHaveLeft: boolean;
  /** The adapter has said where it stands. */
  #isAsked = false;
  /** The chain refused it while the adapter says that it waits, so often. */
  #contradictions = 0;
  #submission: { isOver: boolean; hasLostStorage: boolean } | undefined;
  readonly #abandoned = new AbortController();

  constructor(context: TargetContext, batch: BatchRow, inputs: readonly BatchInput[], options: RunOptions) {
    this.#context = context;
    this.#batch = batch;
    this.#inputs = inputs;
    this.#options = options;
    this.#hashes = batch.transactionHashes;
    this.#isNoted = batch.transactionHashes.length > 0;
    this.#mayHaveLeft = options.isRecovered;
    this.#parks = new Map(inputs.map(({ row }) => [row.requestId, row.parks]));
  }

  get batchId(): string {
    return this.#batch.batchId;
  }

  get requestIds(): readonly string[] {
    return [...this.#parks.keys()];
  }

  holds(requestId: string): boolean {
    return this.#parks.has(requestId);
  }

  /** What an earlier process left is asked after before anything else of its target is built. */
  get isUnasked(): boolean {
    return this.#options.isRecovered && !this.#isAsked;
  }

  /** Gives up what is under way: what its adapter would still note is refused, so that nothing leaves unknown. */
  abandon(): void {
    this.#abandoned.abort();
  }

  /** Goes on until the batch has ended, or the batcher stops. */
  async run(): Promise<RunEnd> {
    const { signal, parking, queue } = this.#context;
    while (!signal.aborted) {
      await parking.rested();
      const { round } = parking;
      this.#submission = undefined;
      try {
        return await this.#advance();
      } catch (cause) {
        if (cause instanceof Gone) return concluded([], [], false, undefined);
        if (cause instanceof Stopped || signal.aborted) break;
        if (cause instanceof StorageLost || this.#hasLostStorage()) await queue.rested();
        else {
          const end = await this.#recoverFrom(failureOf(cause), round);
          if (end !== undefined) return end;
        }
      }
    }
    return { kind: 'stopped' };
  }

  /** @throws What an adapter or the storage throws; how far it came is found out by asking. */
  async #advance(): Promise<RunEnd> {
    if (this.#mayHaveLeft) {
      const standing = await this.#ask();
      if (standing.state === 'landed') return this.#concludeReceipt(standing.receipt);
      if (standing.state === 'lost') return this.#giveBack();
      if (standing.state === 'waiting') return this.#awaitReceipt();
    }
    await this.#submit();
    return this.#awaitReceipt();
  }

  async #ask(): Promise<Standing> {
    const { adapter } = this.#context;
    const ask = adapter.findLandedTransaction?.bind(adapter);
    const standing: Standing =
      ask === undefined
        ? { state: 'absent' }
        : await this.#call('findLandedTransaction', () => ask(this.#openBatch()));
    this.#isAsked = true;
    return standing;
  }

  async #submit(): Promise<void> {
    const { adapter, surroundings, signal, target, settings } = this.#context;
    const fee = await this.#call('estimateBatchFee', () => adapter.estimateBatchFee(this.#batch.content));
    if (signal.aborted) throw new Stopped('the batcher stops');
    const submission = { isOver: false, hasLostStorage: false };
    this.#submission = submission;
    this.#mayHaveLeft = true;
    const note = async (transactionHash: string): Promise<void> => {
      if (submission.isOver) throw new Stopped('this submission was given up');
      try {
        await this.#note(transactionHash);
      } catch (cause) {
        submission.hasLostStorage = cause instanceof StorageLost;
        throw cause;
      }
      if (submission.isOver) throw new Stopped('this submission was given up');
    };
    try {
      // A shutdown waits for it, as long as it may.
      const hash = await callAdapter(
        () => adapter.submitBatch({ batch: this.#openBatch(), fee, note, signal }),
        {
          ...{ step: 'submitBatch', timeoutMs: settings.limits.adapterTimeoutMs },
          signal: this.#abandoned.signal,
        },
        surroundings.wait,
      );
      if (submission.hasLostStorage || this.#hashes.at(-1) !== hash) await this.#note(hash);
      surroundings.emit({
        ...{ type: 'batch:submit', target, batchId: this.batchId },
        ...{ transactionHash: hash, fee, inputs: this.#inputs.length },
      });
    } finally {
      submission.isOver = true;
    }
  }

  /** In doubt the hash counts as noted: asking for one that was never used does no harm. */
  async #note(transactionHash: string): Promise<void> {
    const { queue, callers } = this.#context;
    this.#hashes = [...this.#hashes.filter((hash) => hash !== transactionHash), transactionHash];
    const noted = await queue.note(this.batchId, transactionHash);
    if (!noted.ok) throw new Gone(noted.message);
    this.#isNoted = true;
    for (const requestId of this.requestIds) callers.noteHash(requestId, transactionHash);
  }

  async #awaitReceipt(): Promise<RunEnd> {
    const { adapter, settings, signal, callers } = this.#context;
    const timeoutMs = settings.receiptTimeoutMs;
    const hash = this.#hashes.at(-1) ?? '';
    const onIncluded = (transactionHash: string): void => {
      for (const requestId of this.requestIds) callers.tellIncluded(requestId, transactionHash);
    };
    const receipt = await this.#call(
      'waitForTransactionReceipt',
      () => adapter.waitForTransactionReceipt(this.#openBatch(), hash, { timeoutMs, signal, onIncluded }),
      timeoutMs + GRACE_MS,
    );
    return this.#concludeReceipt(receipt);
  }

  /** @returns Undefined: it goes on. */
  async #recoverFrom(failure: AdapterFailure, round: number): Promise<RunEnd | undefined> {
    try {
      if (failure.code === 'BATCHER_RECEIPT_TIMEOUT') return await this.#timeOut();
      return failure.blame === 'input' ? await this.#blameInputs(failure) : await this.#park(failure, round);
    } catch (cause) {
      if (cause instanceof Gone) return concluded([], [], false, undefined);
      if (cause instanceof StorageLost) await this.#context.queue.rested();
      else if (!(cause instanceof Stopped)) this.#options.park(failureOf(cause), round);
      return undefined;
    }
  }

  async #timeOut(): Promise<undefined> {
    const { target, callers, surroundings } = this.#context;
    const transactionHash = this.#hashes.at(-1);
    surroundings.emit({ type: 'batch:receipt-timeout', target, batchId: this.batchId, transactionHash });
    for (const requestId of this.requestIds) callers.tellTimedOut(requestId);
    await this.#pause();
  }

  /** An outage: nobody is charged before it has lasted for `maxParks` rests. */
  async #park(failure: AdapterFailure, round: number): Promise<RunEnd | undefined> {
    const { settings, queue } = this.#context;
    this.#options.park(failure, round);
    if (Math.min(...this.#parks.values()) + 1 >= settings.maxParks) return this.#chargeOutage();
    await queue.charge(this.batchId, 'park');
    for (const [requestId, parks] of this.#parks) this.#parks.set(requestId, parks + 1);
    return undefined;
  }

  /** What may still land stays as it is, charged while it has a try left; what certainly left nothing behind goes back. */
  async #chargeOutage(): Promise<RunEnd | undefined> {
    const { settings, queue, target, surroundings } = this.#context;
    const { maxRetries } = settings;
    const standing = this.#mayHaveLeft ? await this.#tryAsk() : { state: 'absent' as const };
    if (standing?.state === 'landed') return this.#concludeReceipt(standing.receipt);
    const rows = await this.#readRows();
    if (standing === undefined || standing.state === 'waiting') {
      for (const requestId of this.#parks.keys()) this.#parks.set(requestId, 0);
      if (rows.some(({ attempts }) => attempts + 1 >= maxRetries)) return undefined;
      await queue.charge(this.batchId, 'attempt');
      for (const { requestId, attempts } of rows)
        surroundings.emit({
          ...{ type: 'input:charged', target, requestId },
          ...{ attempts: attempts + 1, code: 'BATCHER_TARGET_PARKED' },
        });
      return undefined;
    }
    const outcomes = rows.map((row) => chargedOutcome(row, 'INPUT_FAILED', maxRetries));
    return this.#conclude(
      { outcomes, again: [returnedOf(outcomes)], why: 'outage', code: 'INPUT_FAILED' },
      rows,
    );
  }

  async #tryAsk(): Promise<Standing | undefined> {
    try {
      return await this.#ask();
    } catch (cause) {
      if (cause instanceof Stopped) throw cause;
      return undefined;
    }
  }

  /** The batch will not land as it is. Whom that is put on: those who are named, or the only one, or nobody yet. */
  async #blameInputs({ code, requestIds }: AdapterFailure): Promise<RunEnd | undefined> {
    const { settings, parking } = this.#context;
    const standing: Standing = this.#mayHaveLeft ? await this.#ask() : { state: 'absent' };
    if (standing.state === 'landed') return this.#concludeReceipt(standing.receipt);
    parking.recover();
    if (standing.state === 'waiting' && this.#contradictions < settings.maxRetries) {
      this.#contradictions += 1;
      await this.#pause();
      return undefined;
    }
    const rows = await this.#readRows();
    const named = rows.filter(({ requestId }) => requestIds.includes(requestId));
    const blamed = named.length === 0 && rows.length === 1 ? rows : named;
    const outcomes = rows.map((row) =>
      blamed.includes(row) ? chargedOutcome(row, code, settings.maxRetries) : returnedOutcome(row),
    );
    const returned = returnedOf(outcomes);
    const alone = blamed.map(({ requestId }) => [requestId]).filter(([id = '']) => returned.includes(id));
    const others = returned.filter((id) => !blamed.some(({ requestId }) => requestId === id));
    const again = [...(blamed.length === 0 ? halve(others) : [others]), ...alone];
    return this.#conclude({ outcomes, again, why: 'refused', code }, rows);
  }

  /** It can never land any more: its inputs go together into another one. */
  #giveBack(): Promise<RunEnd> {
    const outcomes = this.#rows().map(returnedOutcome);
    return this.#conclude({ outcomes, again: [this.requestIds], why: 'lost', code: '' }, this.#rows());
  }

  async #concludeReceipt(receipt: TransactionReceipt): Promise<RunEnd> {
    const { target, settings, surroundings, parking } = this.#context;
    if (!this.#isNoted) await this.#note(receipt.transactionHash);
    const isAnyDecided = receipt.landed.some(({ requestId }) => this.#parks.has(requestId));
    const rows = isAnyDecided ? this.#rows() : await this.#readRows();
    const outcomes = receiptOutcomes(rows, receipt, settings.maxRetries);
    const count = (kind: InputOutcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length;
    const again = [returnedOf(outcomes)];
    const end = await this.#conclude(
      { outcomes, again, why: 'partial', code: 'INPUT_FAILED', receipt },
      rows,
    );
    parking.recover();
    surroundings.emit({
      ...{ type: 'batch:receipt', target, batchId: this.batchId },
      ...{ transactionHash: receipt.transactionHash, blockNumber: receipt.blockNumber },
      ...{ confirmed: count('confirmed'), failed: count('failed'), returned: count('returned') },
    });
    return end;
  }

  /** Writes what becomes of the batch, as often as the storage makes that necessary, and then tells it. */
  async #conclude(
    { outcomes, again, why, code, receipt }: Decision,
    rows: readonly InputRow[],
  ): Promise<RunEnd> {
    const { queue, signal, target, surroundings } = this.#context;
    let isInDoubt = false;
    for (;;) {
      try {
        const written = await queue.conclude(this.batchId, outcomes);
        // A try whose answer was lost may have written it; else it was somebody else, and what is stored is what counts.
        if (!written.ok && !(isInDoubt && written.code === 'INPUT_BATCH_UNKNOWN'))
          throw new Gone(written.message);
        break;
      } catch (cause) {
        if (!(cause instanceof StorageLost)) throw cause;
        isInDoubt = true;
        await queue.rested();
        if (signal.aborted) throw new Stopped('the batcher stops');
      }
    }
    const parts = again.filter((part) => part.length > 0);
    for (const [index, outcome] of outcomes.entries())
      tellOutcome(this.#context, outcome, rows[index] as InputRow, code);
    if (parts.length > 0)
      surroundings.emit({
        ...{ type: 'batch:return', target, batchId: this.batchId, why },
        parts: parts.map((part) => part.length),
      });
    const ended = outcomes.filter(({ kind }) => kind !== 'returned').map(({ requestId }) => requestId);
    const isCharged = outcomes.some((outcome) => 'charge' in outcome && outcome.charge === 'attempt');
    return concluded(parts, ended, isCharged, receipt);
  }

  /** As they are stored now: charges are held against the limit. */
  async #readRows(): Promise<readonly InputRow[]> {
    const { queue } = this.#context;
    const rows = await Promise.all(this.requestIds.map((requestId) => queue.get(requestId)));
    const own = rows.filter((row): row is InputRow => row?.batchId === this.batchId);
    if (own.length === 0) throw new Gone('the batch has no undecided inputs');
    return own;
  }

  #rows(): readonly InputRow[] {
    return this.#inputs.map(({ row }) => row);
  }

  #openBatch(): OpenBatch {
    return {
      ...{ batchId: this.batchId, data: this.#batch.content, transactionHashes: this.#hashes },
      inputs: this.#inputs.map(({ queued }) => queued),
    };
  }

  #hasLostStorage(): boolean {
    return this.#submission?.hasLostStorage === true;
  }

  #call<Value>(
    step: string,
    work: () => Promise<Value>,
    timeoutMs = this.#context.settings.limits.adapterTimeoutMs,
  ): Promise<Value> {
    const { signal, surroundings } = this.#context;
    return callAdapter(work, { step, timeoutMs, signal }, surroundings.wait);
  }

  /** So that a chain which answers the same at once is not asked without end. */
  #pause(): Promise<void> {
    const { settings, surroundings, signal } = this.#context;
    return surroundings.wait(settings.pollingIntervalMs, signal);
  }
}

function concluded(
  again: readonly (readonly string[])[],
  ended: readonly string[],
  isCharged: boolean,
  receipt: TransactionReceipt | undefined,
): RunEnd {
  return { kind: 'concluded', again, ended, isCharged, receipt };
}

function returnedOf(outcomes: readonly InputOutcome[]): readonly string[] {
  return outcomes.filter(({ kind }) => kind === 'returned').map(({ requestId }) => requestId);
}
