/**
 * The input pipeline (docs/input-pipeline.md): a door before the queue, a storage that is the only truth, a loop for each target, and
 * callers that wait for a level. What is acknowledged is stored; everything else here can be lost and is found again.
 */
import { setMaxListeners } from 'node:events';
import { accept, type Refusal, refuse, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { loopBackOff, runLoop } from '../../backOff.ts';
import type { BatcherAdapter } from '../adapters/adapter.ts';
import { type ConfirmationLevel, resolveConfirmationLevel } from '../criteria/confirmationLevel.ts';
import { refuseInput } from '../input/codes.ts';
import { type Admission, InputDoor, type TargetRules } from '../input/inputDoor.ts';
import { InputLimiter } from '../input/inputLimiter.ts';
import { resolveTarget } from '../input/target.ts';
import { type InputRow, inputStates } from '../storage/inputRow.ts';
import { reasonOf } from '../storage/storageError.ts';
import { callAdapter } from './adapterCall.ts';
import { answerNews, answerNow, refuseFailed, refuseUnstored, statusOfRow } from './answers.ts';
import { CallerCheck } from './callerCheck.ts';
import { type Caller, Callers } from './callers.ts';
import { type BatcherCounters, Counting } from './counters.ts';
import type { BatcherEvent } from './events.ts';
import type { InputAnswer, InputPipeline, InputStatus, TargetStats } from './inputPipeline.ts';
import type { BatcherSettings, BatcherSurroundings } from './options.ts';
import { Parking } from './parking.ts';
import { judgeInput } from './readInput.ts';
import { StorageLost, StoredQueue } from './storedQueue.ts';
import { TargetLoop } from './targetLoop.ts';

interface Target {
  readonly adapter: BatcherAdapter;
  readonly parking: Parking;
  readonly loop: TargetLoop;
}

type Unavailable = 'BATCHER_STORAGE_UNAVAILABLE';

export class Batcher implements InputPipeline {
  readonly #settings: BatcherSettings;
  readonly #surroundings: BatcherSurroundings;
  readonly #door: InputDoor<unknown>;
  readonly #queue: StoredQueue;
  readonly #callers = new Callers();
  readonly #counting = new Counting();
  readonly #targets: ReadonlyMap<string, Target>;
  readonly #stop = new AbortController();
  readonly #running: readonly Promise<void>[];
  #stopped: Promise<void> | undefined;

  /** Runs from now on. @param settings - Whose adapters are started: `startBatcher` does that. */
  constructor(settings: BatcherSettings, surroundings: BatcherSurroundings) {
    this.#settings = settings;
    // Everything that waits listens to it; limits bound how much that is.
    setMaxListeners(0, this.#stop.signal);
    this.#surroundings = { ...surroundings, emit: this.#teller(surroundings) };
    this.#queue = new StoredQueue(this.#surroundings, this.#stop.signal);
    this.#targets = new Map(
      Object.entries(settings.adapters).map(([name, adapter]) => [name, this.#target(name, adapter)]),
    );
    this.#door = this.#openDoor();
    const loops = [...this.#targets.values()].map(({ loop }) => loop.run());
    this.#running = [...loops, this.#prune(), this.#checkCallers()];
  }

  get targets(): readonly string[] {
    return [...this.#targets.keys()];
  }

  get defaultTarget(): string {
    return this.#settings.defaultTarget;
  }

  get namespace(): string {
    return this.#settings.namespace;
  }

  get isStopping(): boolean {
    return this.#stopped !== undefined;
  }

  /** Callers that wait now. */
  get callerCount(): number {
    return this.#callers.count;
  }

  async send(body: unknown, clientKey: string, signal?: AbortSignal): Promise<Verdict<InputAnswer>> {
    if (this.isStopping) return refuseUnstored('BATCHER_STOPPING');
    const admitted = this.#door.admit(body, clientKey);
    if (!admitted.ok) return admitted;
    const admission = admitted.value;
    const { target, confirmationLevel } = admission;
    const level = resolveConfirmationLevel(confirmationLevel, target, this.#settings.confirmationLevel);
    const problem = this.#findLevelProblem(target, level);
    if (problem !== undefined) return problem;
    if (this.#queue.isResting) return refuseUnstored('BATCHER_STORAGE_UNAVAILABLE');
    const caller = this.#enter(admission, level, clientKey, signal);
    const added = await this.#add(admission);
    if (!added.ok) {
      caller?.leave();
      return added;
    }
    const { row, isNew } = added.value;
    const verdict = await this.#answer(row, { level, isDuplicate: !isNew, caller });
    caller?.leave();
    return verdict;
  }

  async status(requestId: string): Promise<Verdict<InputStatus, 'INPUT_UNKNOWN' | Unavailable>> {
    const id = requestId.toLowerCase();
    const unknown = refuse('INPUT_UNKNOWN', `no input ${id.slice(0, 80)} is known, or it was pruned`);
    if (!/^0x[0-9a-f]{64}$/.test(id)) return unknown;
    return this.#reading(async () => {
      const row = await this.#queue.get(id);
      if (row === undefined) return unknown;
      this.#watchProcessing(row);
      return accept(statusOfRow(row));
    });
  }

  stats(): Promise<Verdict<readonly TargetStats[], Unavailable>> {
    return this.#reading(async () => {
      const tallies = await this.#queue.tallies();
      const nowMs = this.#surroundings.wallClock();
      const stats = [...this.#targets].map(async ([target, { parking, loop }]): Promise<TargetStats> => {
        const oldestMs = await this.#queue.oldestWaitingMs(target);
        const rowsOf = (state: string) =>
          tallies.find((tally) => tally.target === target && tally.state === state)?.rows ?? 0;
        return {
          target,
          criteria: this.#settings.batchingCriteria[target]?.criteriaType ?? '',
          inputs: Object.fromEntries(
            inputStates.map((state) => [state, rowsOf(state)]),
          ) as TargetStats['inputs'],
          openBatches: loop.openBatches,
          oldestAgeMs: oldestMs === undefined ? undefined : Math.max(0, nowMs - oldestMs),
          parkedUntilMs: parking.untilMs,
          parkedFor: parking.isParked ? parking.reason : undefined,
        };
      });
      return accept(await Promise.all(stats));
    });
  }

  /** Totals since the start. */
  counters(): BatcherCounters {
    return this.#counting.snapshot();
  }

  async forceBatch(target: string): Promise<Verdict<undefined, 'INPUT_TARGET_UNKNOWN'>> {
    const known = this.#resolve(target);
    if (!known.ok) return known;
    this.#targets.get(target)?.loop.force();
    return accept(undefined);
  }

  async clearQueue(target: string): Promise<Verdict<number, 'INPUT_TARGET_UNKNOWN' | Unavailable>> {
    const known = this.#resolve(target);
    if (!known.ok) return known;
    return this.#reading(async () => accept((await this.#targets.get(target)?.loop.clear()) ?? 0));
  }

  /**
   * Ends in order: nothing more is accepted, no batch is opened, submissions under way may end within their bound, callers are told,
   * adapters and storage are closed. The queue stays.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const { shutdownTimeoutMs: timeoutMs } = this.#settings.limits;
    this.#stop.abort();
    const under = (step: string, work: () => Promise<unknown>) =>
      callAdapter(work, { step, timeoutMs }, this.#surroundings.wait).catch((cause: unknown) =>
        reasonOf(cause),
      );
    await under('shutdown', () => Promise.all(this.#running));
    for (const { loop } of this.#targets.values()) loop.abandon();
    this.#callers.tellStopping();
    for (const [target, { adapter }] of this.#targets) {
      const reason = await under('stop', async () => adapter.stop?.());
      if (typeof reason === 'string')
        this.#surroundings.emit({ type: 'adapter:failed', target, step: 'stop', reason });
    }
    await under('close', () => this.#surroundings.storage.close());
  }

  #target(target: string, adapter: BatcherAdapter): Target {
    const parking = new Parking(target, this.#surroundings, this.#stop.signal);
    const loop = new TargetLoop({
      ...{ target, adapter, parking, queue: this.#queue, callers: this.#callers },
      ...{ settings: this.#settings, surroundings: this.#surroundings, signal: this.#stop.signal },
    });
    return { adapter, parking, loop };
  }

  #openDoor(): InputDoor<unknown> {
    const { namespace, defaultTarget, freshness, rateLimits } = this.#settings;
    const { emit, now, wallClock } = this.#surroundings;
    const rules = [...this.#targets].map(([target, { adapter }]): [string, TargetRules<unknown>] => {
      const { inputBytesMax } = adapter;
      const parse: TargetRules<unknown>['parse'] = (_text, _account, input) =>
        judgeInput({ target, adapter, emit }, input);
      const verify = adapter.verifySignature?.bind(adapter);
      if (verify === undefined) return [target, { inputBytesMax, parse }];
      // What a scheme cannot even read is not signed.
      const isSigned: TargetRules<unknown>['isSigned'] = (input, text) => {
        try {
          return verify(input, text);
        } catch {
          return false;
        }
      };
      return [target, { inputBytesMax, parse, isSigned }];
    });
    const limiter = new InputLimiter(rateLimits, { now });
    const options = { namespace, defaultTarget, targets: new Map(rules), freshness };
    return new InputDoor(options, { limiter, wallClock });
  }

  /** A listener that throws stops nothing: it is a bug, and ends the process like any other. */
  #teller({ emit }: BatcherSurroundings): (event: BatcherEvent) => void {
    return (event) => {
      this.#counting.note(event);
      try {
        emit(event);
      } catch (cause) {
        queueMicrotask(() => {
          throw cause;
        });
      }
    };
  }

  #findLevelProblem(target: string, level: ConfirmationLevel): Refusal | undefined {
    if (level !== 'wait-effectstream-processed') return undefined;
    if (this.#targets.get(target)?.adapter.isProcessedHere === true) return undefined;
    const fix = `ask for wait-receipt: inputs of ${target} are processed elsewhere`;
    return refuse('INPUT_LEVEL_UNAVAILABLE', `/confirmationLevel: ${fix}`, {
      path: '/confirmationLevel',
      target,
    });
  }

  /** Before it is stored, so that nothing which then happens to it is missed. @returns Undefined: it does not wait. */
  #enter(
    { requestId, target }: Admission<unknown>,
    level: ConfirmationLevel,
    clientKey: string,
    signal: AbortSignal | undefined,
  ): Caller | undefined {
    const { callersMax, clientCallersMax, answerTimeoutMs } = this.#settings.limits;
    if (level === 'no-wait' || this.#callers.count >= callersMax) return undefined;
    if (this.#callers.countOf(clientKey) >= clientCallersMax) return undefined;
    const deadlineMs = this.#surroundings.now() + answerTimeoutMs;
    return this.#callers.enter({ requestId, target, clientKey, level, deadlineMs, signal });
  }

  async #add(
    admission: Admission<unknown>,
  ): Promise<Verdict<{ readonly isNew: boolean; readonly row: InputRow }>> {
    const { target, requestId, data } = admission;
    const { loop } = this.#targets.get(target) as Target;
    try {
      const added = await this.#queue.add(admission, this.#surroundings.wallClock());
      if (!added.ok && added.code === 'INPUT_STORAGE_FULL') return refuseUnstored('BATCHER_QUEUE_FULL');
      if (!added.ok)
        return refuseInput('INPUT_NEVER_FITS', '/data/input', 'send a smaller one', {
          size: Buffer.byteLength(data.input),
        });
      if (added.value.isNew) {
        loop.count(admission, added.value.row);
        this.#surroundings.emit({ type: 'input:queued', target, requestId });
      } else {
        this.#door.takeForKnown(admission);
        this.#counting.noteRepeated();
      }
      return added;
    } catch (cause) {
      if (!(cause instanceof StorageLost)) throw cause;
      // It may be stored all the same.
      loop.doubt();
      return refuseUnstored('BATCHER_STORAGE_UNAVAILABLE');
    }
  }

  async #answer(
    row: InputRow,
    options: {
      readonly level: ConfirmationLevel;
      readonly isDuplicate: boolean;
      readonly caller: Caller | undefined;
    },
  ): Promise<Verdict<InputAnswer>> {
    const { level, isDuplicate, caller } = options;
    const { requestId, state, transactionHash, sidechainHeight } = row;
    if (state === 'failed') return refuseFailed(requestId, row.errorCode ?? 'INPUT_FAILED');
    const isReached =
      state === 'confirmed' && (level !== 'wait-effectstream-processed' || sidechainHeight !== undefined);
    if (level === 'no-wait' || isReached) return accept(answerNow(row, level, isDuplicate));
    // The configuration may have lost it since: then nothing that is worth waiting for happens to the input here.
    const known = this.#targets.get(row.target);
    if (state === 'confirmed' && transactionHash !== undefined) {
      caller?.noteConfirmed(transactionHash);
      this.#watchProcessing(row);
    } else if (known?.parking.isParked === true && !known.loop.isHeld(requestId))
      return answerNews({ kind: 'parked', code: known.parking.reason }, row, isDuplicate);
    if (caller === undefined || known === undefined) {
      const reached = state === 'confirmed' ? 'wait-receipt' : 'no-wait';
      return answerNews({ kind: 'timed_out', level: reached, transactionHash }, row, isDuplicate);
    }
    return answerNews(await caller.news, row, isDuplicate);
  }

  /** Where a confirmed input is processed is found whenever somebody asks: who watched it may have ended before it was known. */
  #watchProcessing({ requestId, target, state, transactionHash, sidechainHeight }: InputRow): void {
    if (state !== 'confirmed' || transactionHash === undefined || sidechainHeight !== undefined) return;
    const landed = [{ requestId, transactionHash, ok: true }] as const;
    this.#targets.get(target)?.loop.processing.watch({ transactionHash, landed });
  }

  #resolve(target: string): Verdict<string, 'INPUT_TARGET_UNKNOWN'> {
    return resolveTarget(target, { targets: this.targets, defaultTarget: this.defaultTarget });
  }

  async #reading<Value, Code extends string>(
    read: () => Promise<Verdict<Value, Code>>,
  ): Promise<Verdict<Value, Code | Unavailable>> {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof StorageLost) return refuseUnstored('BATCHER_STORAGE_UNAVAILABLE');
      throw cause;
    }
  }

  #prune(): Promise<void> {
    const { retentionMs, limits } = this.#settings;
    const { emit, wallClock } = this.#surroundings;
    return this.#repeat(limits.pruneIntervalMs, async () => {
      const inputs = await this.#queue.prune(wallClock() - retentionMs);
      if (inputs > 0) emit({ type: 'inputs:pruned', inputs });
    });
  }

  #checkCallers(): Promise<void> {
    const check = new CallerCheck(this.#callers, this.#queue);
    return this.#repeat(this.#settings.pollingIntervalMs, async () => {
      this.#callers.sweep(this.#surroundings.now());
      await check.look();
    });
  }

  #repeat(intervalMs: number, round: () => Promise<void>): Promise<void> {
    const onFailure = (cause: unknown): void => {
      if (!(cause instanceof StorageLost)) throw cause;
    };
    const options = { intervalMs, times: loopBackOff, signal: this.#stop.signal };
    return runLoop(round, options, { ...this.#surroundings, onFailure });
  }
}
