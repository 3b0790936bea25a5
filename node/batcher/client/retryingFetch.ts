/**
 * One request until it is answered: again after a lost connection and after answers that ask for patience, a bounded number
 * of times, with growing pauses that are drawn so that many clients do not come back at once.
 */
export interface RetryOptions {
  /** All tries of one request. */
  readonly attemptsMax: number;
  /** Longest first pause, in ms; it doubles with every try. */
  readonly firstPauseMs: number;
  readonly pauseMsMax: number;
  /** A server that asks for more patience is not waited for, in ms. */
  readonly retryAfterMsMax: number;
  /** For one answer, in ms; above what the server waits before it answers. */
  readonly answerTimeoutMs: number;
}

export const retryDefaults: RetryOptions = {
  attemptsMax: 6,
  firstPauseMs: 250,
  pauseMsMax: 10_000,
  retryAfterMsMax: 60_000,
  answerTimeoutMs: 180_000,
};

export interface RetryDependencies {
  readonly fetch: typeof fetch;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface Call {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An answer for good; or none that is, with the last thing that was seen. */
export type Reply =
  | { readonly isAnswered: true; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | {
      readonly isAnswered: false;
      readonly attempts: number;
      /** Of the last answer, where there was one. */
      readonly body: Readonly<Record<string, unknown>> | undefined;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };

/** Answers behind which the same request may find another one. */
function asksForPatience(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * @param isFinal - Whether an answer that asks for patience is one all the same.
 * @throws What the signal of the call was aborted with.
 */
export async function callUntilAnswered(
  call: Call,
  options: RetryOptions,
  dependencies: RetryDependencies,
  isFinal: (body: Readonly<Record<string, unknown>>) => boolean = () => false,
): Promise<Reply> {
  const { attemptsMax, firstPauseMs, pauseMsMax, retryAfterMsMax } = options;
  for (let attempts = 1; ; attempts += 1) {
    const seen = await callOnce(call, options, dependencies);
    if (seen.isAnswered && (!asksForPatience(seen.status) || isFinal(seen.body))) return seen;
    const retryAfterMs = seen.isAnswered ? seen.retryAfterMs : undefined;
    if (attempts >= attemptsMax || (retryAfterMs ?? 0) > retryAfterMsMax) {
      const body = seen.isAnswered ? seen.body : undefined;
      const message = seen.isAnswered ? `the last answer was ${seen.status}` : seen.message;
      return { isAnswered: false, attempts, body, message, retryAfterMs };
    }
    const pauseMs = Math.min(pauseMsMax, firstPauseMs * 2 ** (attempts - 1)) * dependencies.random();
    await dependencies.sleep((retryAfterMs ?? 0) + pauseMs, call.signal);
  }
}

type Seen =
  | {
      readonly isAnswered: true;
      readonly status: number;
      readonly body: Readonly<Record<string, unknown>>;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly isAnswered: false; readonly message: string };

async function callOnce(
  { url, method, body, signal }: Call,
  { answerTimeoutMs }: RetryOptions,
  { fetch: ask }: RetryDependencies,
): Promise<Seen> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  try {
    const response = await ask(url, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const { status, headers } = response;
    const json: unknown = await response.json();
    const retryAfterMs = readRetryAfter(headers.get('retry-after'));
    return { isAnswered: true, status, body: isFields(json) ? json : {}, retryAfterMs };
  } catch (error) {
    // The caller’s own wish, and not a lost connection.
    signal?.throwIfAborted();
    // An answer that is no JSON is not of such a node: something in between gave it.
    return { isAnswered: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Whole seconds, as batchers write it; a date (RFC 9110, 10.2.3) would need a clock that agrees. */
function readRetryAfter(text: string | null): number | undefined {
  return text !== null && /^[0-9]{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
