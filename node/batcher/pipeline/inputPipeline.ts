/** The pipeline as its users see it: the HTTP API, a program that embeds it, tests. `batcher.ts` is the one behind it. */

import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import { executionCodes } from '../../../settlement/execution/codes.ts';
import type { ConfirmationLevel } from '../criteria/confirmationLevel.ts';
import type { InputState } from '../storage/inputRow.ts';

/** What a caller is told once the level it waits for is reached, or can no longer be waited for. */
export interface InputAnswer {
  readonly requestId: string;
  /** Level that was reached: a caller that ran out of patience gets a lower one than it asked for. */
  readonly level: ConfirmationLevel;
  /** The level it waits for was not reached in time: the caller has the id to ask with. */
  readonly isTimedOut: boolean;
  /** Known before this call. */
  readonly isDuplicate: boolean;
  readonly transactionHash: string | undefined;
  /** Sidechain height that processed it. */
  readonly rollup: number | undefined;
}

/** What is known of an input until retention forgets it. */
export interface InputStatus {
  readonly requestId: string;
  readonly target: string;
  readonly state: InputState;
  readonly attempts: number;
  readonly parks: number;
  readonly transactionHash: string | undefined;
  readonly rollup: number | undefined;
  readonly errorCode: string | undefined;
  /** Ms since 1970. */
  readonly receivedAtMs: number;
  readonly endedAtMs: number | undefined;
}

export interface TargetStats {
  readonly target: string;
  readonly criteria: string;
  /** Inputs by state. */
  readonly inputs: Readonly<Record<InputState, number>>;
  readonly openBatches: number;
  /** Of the oldest input that waits, in ms; undefined: none does. */
  readonly oldestAgeMs: number | undefined;
  /** While the target rests after failures: until when, in ms since 1970, and why. */
  readonly parkedUntilMs: number | undefined;
  readonly parkedFor: string | undefined;
}

export interface InputPipeline {
  /**
   * Judges a request, stores its input and waits for the level that it, its target or the settings ask for. Never throws.
   * @param clientKey - Whose rate it counts against (clientKey.ts).
   * @returns Or a refusal: a code of `inputCodes`, of a grammar, of `batcherCodes`. Where `details.request_id` is there, the input is
   *   stored all the same and can be asked after.
   */
  send(body: unknown, clientKey: string, signal?: AbortSignal): Promise<Verdict<InputAnswer>>;
  status(requestId: string): Promise<Verdict<InputStatus, 'INPUT_UNKNOWN' | 'BATCHER_STORAGE_UNAVAILABLE'>>;
  stats(): Promise<Verdict<readonly TargetStats[], 'BATCHER_STORAGE_UNAVAILABLE'>>;
  readonly targets: readonly string[];
  readonly defaultTarget: string;
  readonly namespace: string;
  readonly isStopping: boolean;
  /** Debug: has a batch of the target opened at the next round whatever its criteria say. */
  forceBatch(target: string): Promise<Verdict<undefined, 'INPUT_TARGET_UNKNOWN'>>;
  /** Debug: ends every waiting input of the target as failed, `INPUT_CLEARED`. @returns How many. */
  clearQueue(
    target: string,
  ): Promise<Verdict<number, 'INPUT_TARGET_UNKNOWN' | 'BATCHER_STORAGE_UNAVAILABLE'>>;
}

/** Refusals of the pipeline itself and their meaning (docs/errors.md). */
export const batcherCodes = {
  BATCHER_QUEUE_FULL: 'as many inputs wait as the batcher keeps',
  BATCHER_STOPPING: 'the batcher is shutting down',
  BATCHER_STORAGE_UNAVAILABLE: 'the storage of inputs cannot be reached, or did not take the write',
  BATCHER_TARGET_PARKED: 'the target cannot be reached; the input waits and is tried again by itself',
  INPUT_CLEARED: 'the queue was cleared by an operator',
  INPUT_EXPIRED: executionCodes.INPUT_EXPIRED,
  INPUT_FAILED: 'the input was tried as often as it may be, or its chain refused it for good',
  INPUT_LEVEL_UNAVAILABLE: 'nothing of this chain processes inputs of that target, so nobody can wait for it',
  INPUT_UNKNOWN: 'no input of that id is known, or it was pruned',
} as const;

export type BatcherCode = keyof typeof batcherCodes;
