/** Asks the HTTP API of a node: JSON in, JSON out, with time limits; refusals and silence are coded errors. */
import { CodedError } from '../../consensus/primitives/codedError.ts';

/** Longest wait for one answer, in ms: a synced write on a slow disk is far below. */
const ANSWER_TIMEOUT_MS = 10_000;

export type Json = Readonly<Record<string, unknown>>;

export interface AskOptions {
  /** Longest wait, in ms. */
  readonly timeoutMs?: number;
  /** Gives up at once when it is aborted. */
  readonly signal?: AbortSignal;
  /** Bearer token of the admin endpoints. */
  readonly token?: string | undefined;
}

/** @throws {CodedError} `NODE_UNREACHABLE`, or the code with which the node refuses. */
export function getJson(api: string, path: string, options: AskOptions = {}): Promise<Json> {
  return ask(api, path, {}, options);
}

/** @throws {CodedError} `NODE_UNREACHABLE`, or the code with which the node refuses. */
export function postJson(api: string, path: string, body: unknown, options: AskOptions = {}): Promise<Json> {
  const { token } = options;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  return ask(api, path, { method: 'POST', headers, body: JSON.stringify(body) }, options);
}

async function ask(
  api: string,
  path: string,
  init: RequestInit,
  { timeoutMs = ANSWER_TIMEOUT_MS, signal }: AskOptions,
): Promise<Json> {
  // Not `AbortSignal.any`: what it makes of a signal that lives for days piles up there.
  const ends = new AbortController();
  const end = (): void => ends.abort();
  const timer = setTimeout(end, timeoutMs);
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end);
  let response: Response;
  let answer: Json;
  try {
    response = await fetch(`${api}${path}`, { ...init, signal: ends.signal });
    answer = (await response.json()) as Json;
  } catch (cause) {
    throw new CodedError(
      'NODE_UNREACHABLE',
      `${api} does not answer: is the devnet running?`,
      { api },
      { cause },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
  if (response.ok) return answer;
  const { code, message, details } = (answer.error ?? {}) as {
    readonly code?: string;
    readonly message?: string;
    readonly details?: Json;
  };
  throw new CodedError(
    code ?? 'INTERNAL',
    message ?? `${api}${path} answers ${response.status}`,
    details ?? {},
  );
}
