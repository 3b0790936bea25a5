/** Asks the HTTP API of a node: JSON in, JSON out, with time limits; refusals and silence are coded errors. */
import { CodedError } from '../../consensus/primitives/codedError.ts';

/** Longest wait for one answer, in ms: a synced write on a slow disk is far below. */
const ANSWER_TIMEOUT_MS = 10_000;

export type Json = Readonly<Record<string, unknown>>;

/** @throws {CodedError} `NODE_UNREACHABLE`, or the code with which the node refuses. */
export function getJson(api: string, path: string): Promise<Json> {
  return ask(api, path, {});
}

/** @throws {CodedError} `NODE_UNREACHABLE`, or the code with which the node refuses. */
export function postJson(api: string, path: string, body: unknown): Promise<Json> {
  const headers = { 'content-type': 'application/json' };
  return ask(api, path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function ask(api: string, path: string, init: RequestInit): Promise<Json> {
  let response: Response;
  let answer: Json;
  try {
    response = await fetch(`${api}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    answer = (await response.json()) as Json;
  } catch (cause) {
    throw new CodedError(
      'NODE_UNREACHABLE',
      `${api} does not answer: is the devnet running?`,
      { api },
      { cause },
    );
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
