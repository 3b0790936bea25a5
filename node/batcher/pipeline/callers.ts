/** Callers that wait for what becomes of an input: each is told once, all of one batch at the same moment. */
import type { ConfirmationLevel } from '../criteria/confirmationLevel.ts';

/** What a caller is told. */
export type News =
  | {
      readonly kind: 'reached';
      readonly level: ConfirmationLevel;
      readonly transactionHash: string;
      readonly rollup: number | undefined;
    }
  | {
      readonly kind: 'timed_out';
      readonly level: ConfirmationLevel;
      readonly transactionHash: string | undefined;
    }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'parked'; readonly code: string }
  | { readonly kind: 'stopping' };

export interface CallerOptions {
  readonly requestId: string;
  readonly target: string;
  /** Where the request came from. */
  readonly clientKey: string;
  readonly level: Exclude<ConfirmationLevel, 'no-wait'>;
  /** When it has waited long enough, by a clock that is never set back. */
  readonly deadlineMs: number;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal | undefined;
}

export interface Caller extends Omit<CallerOptions, 'signal'> {
  readonly news: Promise<News>;
  /** Forgets it; it is told nothing more. */
  readonly leave: () => void;
  /** It came late: the receipt was there, and it waits for more. */
  readonly noteConfirmed: (transactionHash: string) => void;
}

interface Entry extends Omit<CallerOptions, 'signal'> {
  readonly tell: (news: News) => void;
  /** Of the batch it was last seen in. */
  transactionHash: string | undefined;
  isConfirmed: boolean;
}

export class Callers {
  /** In the order in which they came, which is that of their deadlines. */
  readonly #entries = new Set<Entry>();
  readonly #byRequest = new Map<string, Set<Entry>>();
  readonly #counts = new Map<string, number>();

  get count(): number {
    return this.#entries.size;
  }

  /** Of one client. */
  countOf(clientKey: string): number {
    return this.#counts.get(clientKey) ?? 0;
  }

  enter({ signal, ...options }: CallerOptions): Caller {
    let resolve: (news: News) => void = () => undefined;
    const news = new Promise<News>((settle) => {
      resolve = settle;
    });
    const leave = (): void => {
      if (!this.#entries.delete(entry)) return;
      this.#count(options.clientKey, -1);
      const others = this.#byRequest.get(options.requestId);
      others?.delete(entry);
      if (others?.size === 0) this.#byRequest.delete(options.requestId);
      signal?.removeEventListener('abort', hangUp);
    };
    const entry: Entry = {
      ...options,
      transactionHash: undefined,
      isConfirmed: false,
      tell: (told) => {
        leave();
        resolve(told);
      },
    };
    const hangUp = (): void => entry.tell(outOfTime(entry));
    this.#entries.add(entry);
    this.#count(options.clientKey, 1);
    const others = this.#byRequest.get(options.requestId) ?? new Set();
    this.#byRequest.set(options.requestId, others.add(entry));
    signal?.addEventListener('abort', hangUp, { once: true });
    if (signal?.aborted) hangUp();
    const noteConfirmed = (transactionHash: string): void => {
      entry.transactionHash = transactionHash;
      entry.isConfirmed = true;
    };
    return { ...options, news, leave, noteConfirmed };
  }

  /** It is on its way. */
  noteHash(requestId: string, transactionHash: string): void {
    for (const entry of this.#of(requestId)) entry.transactionHash = transactionHash;
  }

  /** A block holds it, and what became of it is not known yet: a receipt is all that some wait for. */
  tellIncluded(requestId: string, transactionHash: string): void {
    for (const entry of this.#of(requestId))
      if (entry.level === 'wait-receipt')
        entry.tell({ kind: 'reached', level: entry.level, transactionHash, rollup: undefined });
  }

  /** It is confirmed on the chain of its target. @param rollup - Where it is processed too. */
  tellConfirmed(requestId: string, transactionHash: string, rollup: number | undefined): void {
    for (const entry of this.#of(requestId)) {
      entry.transactionHash = transactionHash;
      entry.isConfirmed = true;
      if (entry.level === 'wait-receipt' || rollup !== undefined)
        entry.tell({ kind: 'reached', level: entry.level, transactionHash, rollup });
    }
  }

  tellFailed(requestId: string, code: string): void {
    for (const entry of this.#of(requestId)) entry.tell({ kind: 'failed', code });
  }

  tellTimedOut(requestId: string): void {
    for (const entry of this.#of(requestId)) entry.tell(outOfTime(entry));
  }

  /** The target rests. @param isHeld - Inputs of batches whose fate it is not; their callers go on waiting. */
  tellParked(target: string, code: string, isHeld: (requestId: string) => boolean): void {
    for (const entry of this.#entries)
      if (entry.target === target && !entry.isConfirmed && !isHeld(entry.requestId))
        entry.tell({ kind: 'parked', code });
  }

  tellStopping(): void {
    for (const entry of this.#entries) entry.tell({ kind: 'stopping' });
  }

  /** Tells those whose time is over. */
  sweep(nowMs: number): void {
    for (const entry of this.#entries) {
      if (entry.deadlineMs > nowMs) return;
      entry.tell(outOfTime(entry));
    }
  }

  /** Requests that somebody waits for, those who wait longest first. */
  requestIds(): IterableIterator<string> {
    return this.#byRequest.keys();
  }

  #count(clientKey: string, change: 1 | -1): void {
    const count = this.countOf(clientKey) + change;
    if (count === 0) this.#counts.delete(clientKey);
    else this.#counts.set(clientKey, count);
  }

  #of(requestId: string): readonly Entry[] {
    return [...(this.#byRequest.get(requestId) ?? [])];
  }
}

function outOfTime({ transactionHash, isConfirmed }: Entry): News {
  return { kind: 'timed_out', level: isConfirmed ? 'wait-receipt' : 'no-wait', transactionHash };
}
