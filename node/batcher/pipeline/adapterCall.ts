/** Calls of an adapter: none lasts for ever, and whatever it throws is told as one kind of failure. */
import { AdapterError } from '../adapters/adapter.ts';
import { reasonOf } from '../storage/storageError.ts';
import type { BatcherSurroundings } from './options.ts';

/** Thrown where the pipeline stops while a call is under way: nobody failed. */
export class Stopped extends Error {}

/** Why something that an adapter was asked for did not come about. */
export interface AdapterFailure {
  readonly blame: 'input' | 'infrastructure';
  readonly code: string;
  readonly reason: string;
  /** Those it is about, where that is known. */
  readonly requestIds: readonly string[];
}

export function failureOf(cause: unknown): AdapterFailure {
  if (cause instanceof AdapterError)
    return {
      ...{ blame: cause.blame, code: cause.code, reason: reasonOf(cause) },
      requestIds: cause.requestIds,
    };
  // A custom adapter throws what it likes; who is to blame is then unknown, and no input is charged for that.
  return {
    ...{ blame: 'infrastructure', code: 'BATCHER_TARGET_UNREACHABLE', reason: reasonOf(cause) },
    requestIds: [],
  };
}

export interface CallOptions {
  /** Method, as failures name it. */
  readonly step: string;
  readonly timeoutMs: number;
  /** Ends the waiting, not the work. Left out: what is under way may end. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for a call, and no longer than it may take. The work itself cannot be ended: what comes of it later is dropped.
 * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE` when its time is over; {Stopped}; what the call throws.
 */
export async function callAdapter<Value>(
  work: () => Value | Promise<Value>,
  { step, timeoutMs, signal }: CallOptions,
  wait: BatcherSurroundings['wait'],
): Promise<Value> {
  const over = new AbortController();
  let isOver = false;
  const stop = (): void => over.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) over.abort();
  try {
    // A custom adapter may throw at once instead of rejecting.
    const called = (async () => work())();
    const late = wait(timeoutMs, over.signal).then((): undefined => {
      if (isOver) return;
      if (signal?.aborted) throw new Stopped('the batcher stops');
      const message = `the adapter did not answer \`${step}\` within ${timeoutMs} ms`;
      throw new AdapterError('BATCHER_TARGET_UNREACHABLE', message, { blame: 'infrastructure' });
    });
    late.catch(() => undefined);
    called.catch(() => undefined);
    return (await Promise.race([called, late])) as Value;
  } finally {
    isOver = true;
    signal?.removeEventListener('abort', stop);
    over.abort();
  }
}
