/**
 * A route as data: what it takes, what it answers, and what it does. The server registers it, the OpenAPI description
 * tells of it, and tests hold its answers against it, all from the same schemas.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { type AnswerCode, answerOf } from './codes.ts';

/** What a handler answers; JSON unless `text` is set. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** What a handler sees of a request, checked against the route's schemas. */
export interface RouteRequest<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** IP address of the connection. */
  readonly clientAddress: string;
  /**
   * For a handler that waits: aborted when the caller hangs up. From then on silence does not close the connection, until
   * it is answered.
   */
  readonly signal: () => AbortSignal;
}

interface RouteFacts {
  readonly method: 'GET' | 'POST';
  /** With parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: 'chain' | 'transactions' | 'batcher' | 'orders' | 'node' | 'events' | 'admin';
  /** Codes of its own; those that any request may meet are added. */
  readonly codes: readonly AnswerCode[];
  /** Largest body, in bytes; default: that of the server. */
  readonly bodyBytesMax?: number;
  /** True: behind the bearer token. */
  readonly isAdmin?: boolean;
  /** True: pages of any origin may ask (Fetch, CORS); nothing here depends on who a browser is logged in as. */
  readonly isCrossOrigin?: boolean;
  /** True: the handler gets any JSON, and the schema of the body is for the description alone. */
  readonly isBodyJudgedByHandler?: boolean;
}

/** A good answer by its status. */
export interface AnswerShape {
  readonly status: number;
  readonly description: string;
  readonly schema: TSchema;
  readonly example: unknown;
  /** `application/json` unless it says otherwise. */
  readonly contentType?: string;
}

export interface Route extends RouteFacts {
  readonly params: TObject | undefined;
  readonly query: TObject | undefined;
  readonly body: TObject | undefined;
  readonly bodyExample: unknown;
  readonly answers: readonly AnswerShape[];
  readonly handle: (request: RouteRequest) => Answer | Promise<Answer>;
  /** Takes the connection over instead of answering; called when `handle` gave 200. */
  readonly stream?: (request: IncomingMessage, response: ServerResponse) => void;
}

interface RouteWish<Params extends TObject, Query extends TObject, Body extends TObject> extends RouteFacts {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly bodyExample?: unknown;
  readonly answers: readonly AnswerShape[];
  readonly handle: (
    request: RouteRequest<Static<Params>, Static<Query>, Static<Body>>,
  ) => Answer | Promise<Answer>;
  readonly stream?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Types a route's handler by its schemas. */
export function defineRoute<
  Params extends TObject = TObject,
  Query extends TObject = TObject,
  Body extends TObject = TObject,
>(wish: RouteWish<Params, Query, Body>): Route {
  const { params, query, body, bodyExample, handle } = wish;
  // The server hands a request over only after it passed these very schemas.
  return { ...wish, params, query, body, bodyExample, handle: handle as Route['handle'] };
}

export function ok(body: unknown, status = 200): Answer {
  return { status, body };
}

/** The answer to a request that is refused, or went wrong. */
export function refusal(
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  // A code that nobody foresaw is the server's fault.
  const { status, retryable } = answerOf(code) ?? answerOf('INTERNAL');
  const body: ErrorBody = { error: { code, message, retryable, details } };
  return { status, body, headers };
}

/** A bug: told to the log in full and to the caller by a number under which it can be found there. */
export function internalRefusal(): { readonly answer: Answer; readonly incident: string } {
  const incident = randomUUID();
  return { answer: refusal('INTERNAL', 'something went wrong in this node', { incident }), incident };
}
