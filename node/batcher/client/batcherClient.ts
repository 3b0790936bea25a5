/**
 * Sends inputs to a batcher and follows them, in browsers and in Node. The same signed input sent again is the same input,
 * so whatever a connection or a server does, sending it again is safe, and that is all this does about trouble.
 */
import type { ConfirmationLevel } from '../criteria/confirmationLevel.ts';
import {
  callUntilAnswered,
  type Reply,
  type RetryDependencies,
  type RetryOptions,
  retryDefaults,
} from './retryingFetch.ts';
import { type SignedInput, signInput } from './signedInput.ts';
import type { InputSigner } from './signer.ts';

export interface BatcherClientOptions {
  /** Of the node: `http://127.0.0.1:4400`. */
  readonly url: string;
  /** Left out: what `GET /status` of the node says. */
  readonly namespace?: string;
  readonly retry?: Partial<RetryOptions>;
}

export interface BatcherClientDependencies extends RetryDependencies {
  /** Ms since 1970. */
  readonly now: () => number;
}

export interface SendOptions {
  readonly signer: InputSigner;
  /** `command|argument|…`, or what `sealTransaction` makes. */
  readonly input: string;
  readonly target?: string | undefined;
  readonly confirmationLevel?: ConfirmationLevel | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a refusal or a lost answer looks like. */
export interface Trouble {
  /** Of docs/errors.md; undefined: nobody answered, or somebody else did. */
  readonly code: string | undefined;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type SendResult =
  | {
      /** It is on the disk of the node and will be processed. */
      readonly outcome: 'accepted';
      readonly requestId: string;
      /** False: the level it asked for was not reached in time; `waitFor` goes on. */
      readonly isLevelReached: boolean;
      readonly isDuplicate: boolean;
      readonly transactionHash: string | undefined;
      readonly rollup: number | undefined;
      readonly message: string;
    }
  /** It was stored, and ended without success. */
  | ({ readonly outcome: 'failed'; readonly requestId: string } & Trouble)
  /** It was not stored; sending the same again would not help. */
  | ({ readonly outcome: 'refused'; readonly status: number } & Trouble)
  /** Nobody knows: `resend` with the same input finds out. */
  | ({
      readonly outcome: 'unanswered';
      readonly attempts: number;
      readonly data: SignedInput | undefined;
    } & Trouble);

export interface FoundInput {
  readonly requestId: string;
  readonly target: string;
  readonly state: 'queued' | 'batching' | 'submitted' | 'confirmed' | 'failed';
  readonly transactionHash: string | undefined;
  readonly rollup: number | undefined;
  /** Why it failed. */
  readonly errorCode: string | undefined;
}

export type StatusResult =
  | { readonly outcome: 'found'; readonly input: FoundInput }
  /** The node never had it, or has forgotten it. */
  | { readonly outcome: 'forgotten' }
  | ({ readonly outcome: 'unanswered' } & Trouble);

export type WaitResult =
  | { readonly outcome: 'confirmed'; readonly input: FoundInput }
  | { readonly outcome: 'failed'; readonly input: FoundInput }
  /** `late`: not within the time; `forgotten` and `unanswered` as in `status`. */
  | { readonly outcome: 'unknown'; readonly reason: 'late' | 'forgotten' | 'unanswered' };

export interface WaitForOptions {
  /** In ms; default 120,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with every state that is new. */
  readonly onProgress?: (input: FoundInput) => void;
}

/** Pauses between two looks, in ms: an input takes a block or two. */
const FIRST_LOOK_PAUSE_MS = 200;
const LOOK_PAUSE_MS_MAX = 5000;
const WAIT_TIMEOUT_MS = 120_000;

const platform: BatcherClientDependencies = {
  fetch: (...call) => fetch(...call),
  random: () => Math.random(),
  sleep: sleepUnlessAborted,
  now: () => Date.now(),
};

export class BatcherClient {
  readonly #url: string;
  readonly #retry: RetryOptions;
  readonly #dependencies: BatcherClientDependencies;
  #namespace: string | undefined;

  constructor(options: BatcherClientOptions, dependencies: Partial<BatcherClientDependencies> = {}) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#retry = { ...retryDefaults, ...options.retry };
    this.#dependencies = { ...platform, ...dependencies };
    this.#namespace = options.namespace;
  }

  /**
   * Signs an input with the present time and sends it until it is answered.
   * @throws What the signer throws, and what `signal` is aborted with.
   */
  async send({ signer, input, target, confirmationLevel, signal }: SendOptions): Promise<SendResult> {
    const known = await this.#askNamespace(signal);
    if (typeof known !== 'string') return known;
    const timestampMs = this.#dependencies.now();
    const data = await signInput({ input, target, timestampMs }, signer, known);
    return this.resend(data, { confirmationLevel, signal });
  }

  /** Sends an input that is signed already, for the first time or once more: it is executed once. */
  async resend(
    data: SignedInput,
    { confirmationLevel, signal }: Pick<SendOptions, 'confirmationLevel' | 'signal'> = {},
  ): Promise<SendResult> {
    const body = JSON.stringify({ data, confirmationLevel });
    const call = { url: `${this.#url}/send-input`, method: 'POST', body, signal } as const;
    // Once it is stored there is nothing to send again: its target rests, and goes on by itself.
    const isStored = (answer: Readonly<Record<string, unknown>>): boolean =>
      storedIdOf(readTrouble(answer)) !== undefined;
    const reply = await callUntilAnswered(call, this.#retry, this.#dependencies, isStored);
    if (!reply.isAnswered) return unanswered(reply, data);
    return readSent(reply.status, reply.body);
  }

  async status(requestId: string, signal?: AbortSignal): Promise<StatusResult> {
    const call = { url: `${this.#url}/input-status/${requestId}`, method: 'GET', signal } as const;
    const reply = await callUntilAnswered(call, this.#retry, this.#dependencies);
    if (!reply.isAnswered) return { outcome: 'unanswered', ...troubleOf(reply) };
    if (reply.status === 200) return { outcome: 'found', input: readFound(reply.body) };
    const trouble = readTrouble(reply.body);
    return trouble.code === 'INPUT_UNKNOWN'
      ? { outcome: 'forgotten' }
      : { outcome: 'unanswered', ...trouble };
  }

  /**
   * Looks again and again, with growing pauses, until the input has reached the level or failed.
   * @param level - `wait-effectstream-processed` is for targets whose inputs this chain processes.
   */
  async waitFor(
    requestId: string,
    level: ConfirmationLevel,
    { timeoutMs = WAIT_TIMEOUT_MS, signal, onProgress }: WaitForOptions = {},
  ): Promise<WaitResult> {
    const { now, random, sleep } = this.#dependencies;
    const endMs = now() + timeoutMs;
    let shown: string | undefined;
    for (let looks = 0; ; looks += 1) {
      const seen = await this.status(requestId, signal);
      if (seen.outcome !== 'found') return { outcome: 'unknown', reason: seen.outcome };
      const { input } = seen;
      const progress = `${input.state} ${input.transactionHash} ${input.rollup}`;
      if (progress !== shown) onProgress?.(input);
      shown = progress;
      if (input.state === 'failed') return { outcome: 'failed', input };
      if (isReached(input, level)) return { outcome: 'confirmed', input };
      const pauseMs = Math.min(LOOK_PAUSE_MS_MAX, FIRST_LOOK_PAUSE_MS * 1.5 ** looks) * (0.5 + random() / 2);
      if (now() + pauseMs > endMs) return { outcome: 'unknown', reason: 'late' };
      await sleep(pauseMs, signal);
    }
  }

  /** What users of the node sign first; asked once. */
  async #askNamespace(signal: AbortSignal | undefined): Promise<string | SendResult> {
    if (this.#namespace !== undefined) return this.#namespace;
    const call = { url: `${this.#url}/status`, method: 'GET', signal } as const;
    const reply = await callUntilAnswered(call, this.#retry, this.#dependencies);
    if (!reply.isAnswered) return unanswered(reply, undefined);
    const { namespace } = (reply.body.batcher ?? {}) as { readonly namespace?: unknown };
    if (typeof namespace !== 'string') {
      const message = 'the batcher of this node is off: set batcher.enabled to true';
      return { outcome: 'refused', status: 403, code: 'BATCHER_OFF', message, details: {} };
    }
    this.#namespace = namespace;
    return namespace;
  }
}

function isReached({ state, rollup }: FoundInput, level: ConfirmationLevel): boolean {
  if (level === 'no-wait') return true;
  return state === 'confirmed' && (level === 'wait-receipt' || rollup !== undefined);
}

function readSent(status: number, body: Readonly<Record<string, unknown>>): SendResult {
  if (status === 200 || status === 202) {
    return {
      outcome: 'accepted',
      requestId: String(body.requestId),
      isLevelReached: status === 200,
      isDuplicate: body.duplicate === true,
      transactionHash: optionalText(body.transactionHash),
      rollup: optionalNumber(body.rollup),
      message: String(body.message),
    };
  }
  const trouble = readTrouble(body);
  const requestId = storedIdOf(trouble);
  if (requestId === undefined) return { outcome: 'refused', status, ...trouble };
  if (status < 500) return { outcome: 'failed', requestId, ...trouble };
  const { message } = trouble;
  const nothing = { isDuplicate: false, transactionHash: undefined, rollup: undefined };
  return { outcome: 'accepted', requestId, isLevelReached: false, ...nothing, message };
}

function readFound(body: Readonly<Record<string, unknown>>): FoundInput {
  return {
    requestId: String(body.requestId),
    target: String(body.target),
    state: body.subState as FoundInput['state'],
    transactionHash: optionalText(body.transactionHash),
    rollup: optionalNumber(body.rollup),
    errorCode: optionalText(body.errorCode),
  };
}

function readTrouble(body: Readonly<Record<string, unknown>>): Trouble {
  const { code, message, details } = (body.error ?? {}) as Readonly<Record<string, unknown>>;
  return {
    code: optionalText(code),
    message: optionalText(message) ?? 'the answer is not one of a batcher',
    details: (details ?? {}) as Trouble['details'],
  };
}

function storedIdOf({ details }: Trouble): string | undefined {
  return optionalText(details.request_id);
}

type NoAnswer = Extract<Reply, { readonly isAnswered: false }>;

function unanswered(reply: NoAnswer, data: SignedInput | undefined): SendResult {
  return { outcome: 'unanswered', attempts: reply.attempts, data, ...troubleOf(reply) };
}

function troubleOf({ body, message }: NoAnswer): Trouble {
  return body === undefined ? { code: undefined, message, details: {} } : readTrouble(body);
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function sleepUnlessAborted(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, durationMs);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
