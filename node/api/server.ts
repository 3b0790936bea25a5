/**
 * The HTTP server of one node (docs/api.md): queries, transactions, events, metrics, admin. Every route is data
 * (`route.ts`); here they meet fastify, limits and errors. Whatever is wrong is answered in one shape with a stable code.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type TObject, Type } from '@sinclair/typebox';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import type { InputPipeline } from '../batcher/pipeline/inputPipeline.ts';
import { adminRoutes } from './adminRoutes.ts';
import { atomicBatchRoutes } from './atomicBatchRoutes.ts';
import { atomicRoutes } from './atomicRoutes.ts';
import type { AutoBatchMetrics } from './autoBatchMetrics.ts';
import { autoBatchRoutes } from './autoBatchRoutes.ts';
import { batchRoutes } from './batchRoutes.ts';
import { blockRoutes } from './blockRoutes.ts';
import { followCaller, refuseConnection } from './connection.ts';
import { ConnectionGuard } from './connectionGuard.ts';
import { crossChainRoutes } from './crossChainRoutes.ts';
import type { EventLog } from './eventLog.ts';
import { EventStream, type EventStreamLimits, eventStreamLimits } from './eventStream.ts';
import { inputDebugRoutes } from './inputDebugRoutes.ts';
import type { InputMetrics } from './inputMetrics.ts';
import { inputRoutes } from './inputRoutes.ts';
import { ledgerRoutes } from './ledgerRoutes.ts';
import type { NodeLogger } from './logger.ts';
import { Metrics } from './metrics.ts';
import type { NodeView } from './nodeView.ts';
import { describeApi, type JsonObject } from './openApi.ts';
import { operationRoutes } from './operationRoutes.ts';
import { orderRoutes } from './orderRoutes.ts';
import { browserPageRoute } from './playground/browserPage.ts';
import { orderPage } from './playground/orderPage.ts';
import { playgroundPage } from './playground/playgroundPage.ts';
import { compileCheck } from './requestCheck.ts';
import { type Answer, defineRoute, internalRefusal, ok, type Route, refusal } from './route.ts';
import { statusRoutes } from './statusRoutes.ts';
import { transactionRoutes } from './transactionRoutes.ts';
import { treasuryRoutes } from './treasuryRoutes.ts';

export interface ApiLimits extends EventStreamLimits {
  readonly bodyBytesMax: number;
  /** All headers together, in bytes. */
  readonly headerBytesMax: number;
  readonly headersMax: number;
  /** Above it, one that is idle is closed for each that comes (connectionGuard.ts). */
  readonly connectionsMax: number;
  /** From the first byte of a request to its last, in ms. */
  readonly requestTimeoutMs: number;
  /** Silence after which a connection is closed, in ms; above the heartbeat of the event stream. */
  readonly idleTimeoutMs: number;
  /** How often requests are held against their time, in ms. */
  readonly timeoutCheckMs: number;
}

/** Far above what the documented requests need, far below what would hurt the node. */
export const apiLimits: ApiLimits = {
  ...eventStreamLimits,
  bodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 64,
  // Callers of the batcher wait for a block each; some 30 KB a connection.
  connectionsMax: 2048,
  requestTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  timeoutCheckMs: 1000,
};

export interface ApiServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Empty: the admin endpoints are off. */
  readonly adminToken: string;
  /** `batcher.debug_endpoints`; they need the token too. */
  readonly hasDebugEndpoints?: boolean;
  readonly limits?: Partial<ApiLimits>;
}

export interface ApiServerDependencies {
  readonly node: NodeView;
  readonly events: EventLog;
  readonly logger: NodeLogger;
  /** Undefined: the batcher is off. One that serves is stopped before the server, so that those who wait are answered. */
  readonly inputs?: InputPipeline | undefined;
  readonly inputMetrics?: InputMetrics | undefined;
  /** Undefined: this server takes no orders. An engine is stopped before the server, and closed after it. */
  readonly orders?: OrderDesk | undefined;
  readonly orderMetrics?: AutoBatchMetrics | undefined;
}

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #limits: ApiLimits;
  readonly #logger: NodeLogger;
  readonly #stream: EventStream;
  readonly #metrics: Metrics;
  readonly #routes: readonly Route[];
  readonly #app: FastifyInstance;

  constructor(options: ApiServerOptions, dependencies: ApiServerDependencies) {
    const { node, events, logger, inputs, inputMetrics, orders, orderMetrics } = dependencies;
    this.#options = options;
    this.#limits = { ...apiLimits, ...options.limits };
    this.#logger = logger;
    this.#stream = new EventStream(events, this.#limits);
    this.#metrics = new Metrics({
      node,
      events,
      stream: this.#stream,
      inputs: inputMetrics,
      orders: orderMetrics,
    });
    this.#routes = [
      ...statusRoutes(node, inputs, orders),
      ...blockRoutes(node),
      ...batchRoutes(node),
      ...ledgerRoutes(node),
      ...transactionRoutes(node),
      ...inputRoutes(inputs),
      ...orderRoutes(node, orders),
      ...autoBatchRoutes(orders),
      ...atomicBatchRoutes(node),
      ...operationRoutes(node),
      ...atomicRoutes(node),
      ...treasuryRoutes(node),
      ...crossChainRoutes(node),
      this.#stream.route(),
      this.#metrics.route(),
      ...adminRoutes(node),
      ...inputDebugRoutes(inputs, options.hasDebugEndpoints === true),
      this.#descriptionRoute(node.version),
      browserPageRoute(playgroundPage, node.version),
      browserPageRoute(orderPage, node.version),
    ];
    this.#app = this.#createApp();
  }

  /** What the server serves, for documents and tests. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  /**
   * Opens the port.
   * @returns Its address, as `http://host:port`.
   * @throws {CodedError} `API_PORT_TAKEN`, `API_LISTEN_FAILED`.
   */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    try {
      return await this.#app.listen({ host, port });
    } catch (cause) {
      throw apiListenRefused(host, port, cause as NodeJS.ErrnoException);
    }
  }

  /** Ends streams, lets answers under way out, and closes the port. */
  async stop(): Promise<void> {
    this.#stream.close();
    await this.#app.close();
  }

  // Requests ---------------------------------------------------------------------------------------------

  #createApp(): FastifyInstance {
    const limits = this.#limits;
    const app = fastify({
      bodyLimit: limits.bodyBytesMax,
      requestTimeout: limits.requestTimeoutMs,
      connectionTimeout: limits.idleTimeoutMs,
      forceCloseConnections: true,
      exposeHeadRoutes: false,
      http: {
        maxHeaderSize: limits.headerBytesMax,
        headersTimeout: limits.requestTimeoutMs,
        connectionsCheckingInterval: limits.timeoutCheckMs,
      },
      // What does not even reach a route: a path that does not decode, or a parameter of absurd length.
      frameworkErrors: (error, _request, reply) =>
        void this.#send(reply, this.#explain(error, limits.bodyBytesMax)),
      clientErrorHandler: (error, socket) => refuseConnection(error, socket),
    });
    new ConnectionGuard(limits.connectionsMax).watch(app.server);
    // One more than allowed is read, so that one too many is seen.
    app.server.maxHeadersCount = limits.headersMax + 1;
    app.removeContentTypeParser('text/plain');
    app.setValidatorCompiler(({ schema, httpPart }) => compileCheck(schema as TObject, httpPart ?? 'body'));
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    app.addHook('onRequest', async (request, reply) => {
      if (request.raw.rawHeaders.length / 2 <= limits.headersMax) return;
      const message = `at most ${limits.headersMax} headers are taken`;
      return this.#send(reply, refusal('HEADERS_TOO_LARGE', message, {}, { connection: 'close' }));
    });
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown';
      this.#metrics.noteRequest(request.method, route, reply.statusCode, reply.elapsedTime);
      this.#logger.debug('request', { method: request.method, route, status: reply.statusCode });
    });
    app.setErrorHandler((error, request, reply) =>
      this.#send(reply, this.#explain(error, request.routeOptions.bodyLimit)),
    );
    app.setNotFoundHandler((request, reply) => this.#send(reply, this.#explainUnknown(request)));
    for (const route of this.#routes) this.#register(app, route);
    return app;
  }

  #register(app: FastifyInstance, route: Route): void {
    const { params, query } = route;
    const body = route.isBodyJudgedByHandler === true ? undefined : route.body;
    app.route({
      method: route.method,
      url: route.path,
      config: { route },
      ...(route.bodyBytesMax === undefined ? {} : { bodyLimit: route.bodyBytesMax }),
      schema: {
        ...(params === undefined ? {} : { params }),
        ...(query === undefined ? {} : { querystring: query }),
        ...(body === undefined ? {} : { body }),
      },
      ...(route.isAdmin === true
        ? {
            // Before the body is read: who may not ask need not send.
            onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
              const refused = this.#refuseAdmin(request.headers);
              if (refused !== undefined) return this.#send(reply, refused);
            },
          }
        : {}),
      handler: async (request, reply) => {
        const answer = await route.handle({
          params: request.params,
          query: request.query,
          body: request.body,
          headers: request.headers,
          clientAddress: request.ip,
          signal: () => followCaller(reply.raw, this.#limits.idleTimeoutMs),
        });
        if (route.stream === undefined || answer.status !== 200) return this.#send(reply, answer);
        reply.hijack();
        route.stream(request.raw, reply.raw);
      },
    });
  }

  #send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
    const route = routeOf(reply.request);
    if (route?.isCrossOrigin === true) reply.headers(crossOriginHeaders);
    const isRefusal = route?.tag === 'batcher' && status >= 400;
    return reply
      .code(status)
      .headers(headers)
      .send(isRefusal ? { success: false, ...(body as object) } : body);
  }

  #refuseAdmin({ authorization }: IncomingHttpHeaders): Answer | undefined {
    const { adminToken } = this.#options;
    if (adminToken === '') {
      return refusal('ADMIN_OFF', 'the admin endpoints are off: set api.admin_token to turn them on');
    }
    const [, given = ''] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? [];
    // Digests have one length, so the comparison tells nothing of the token's.
    if (timingSafeEqual(digestOf(given), digestOf(adminToken))) return undefined;
    const challenge = { 'www-authenticate': 'Bearer realm="sidereal"' };
    return refusal('ADMIN_TOKEN_INVALID', 'send the header Authorization: Bearer <token>', {}, challenge);
  }

  /** What fastify or a handler threw, as an answer. */
  #explain(error: unknown, bodyBytesMax: number): Answer {
    const { statusCode, validation, message } = error as {
      readonly statusCode?: number;
      readonly validation?: readonly unknown[];
      readonly message?: string;
    };
    if (validation !== undefined) {
      return refusal('REQUEST_INVALID', 'the request does not have the documented shape', {
        problems: validation,
      });
    }
    if (statusCode === 413) {
      const words = `a body has at most ${bodyBytesMax} bytes`;
      return refusal('BODY_TOO_LARGE', words, { bytes_max: bodyBytesMax }, { connection: 'close' });
    }
    if (statusCode === 415) {
      return refusal('CONTENT_TYPE_UNSUPPORTED', 'send the body as application/json');
    }
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
      return refusal('REQUEST_INVALID', message ?? 'the request cannot be read');
    }
    const { answer, incident } = internalRefusal();
    this.#logger.error('a request ended in an error', error, { incident });
    return answer;
  }

  #explainUnknown({ method, url }: FastifyRequest): Answer {
    const [path = ''] = url.split('?');
    const routes = this.#routes.filter((route) => matches(route.path, path));
    const methods = routes.map((route) => route.method);
    // What a browser asks before a page of another origin may send JSON.
    if (method === 'OPTIONS' && routes.some(({ isCrossOrigin }) => isCrossOrigin)) {
      return { status: 204, body: undefined, headers: preflightHeaders(methods) };
    }
    if (methods.length === 0) {
      return refusal('ROUTE_UNKNOWN', `there is no ${path}; GET /openapi.json lists what there is`);
    }
    const allow = methods.join(', ');
    return refusal(
      'METHOD_NOT_ALLOWED',
      `${path} takes ${allow}, not ${method}`,
      { allow: methods },
      { allow },
    );
  }

  #descriptionRoute(version: string): Route {
    // Made on the first request: only then are all routes known.
    let description: JsonObject | undefined;
    return defineRoute({
      method: 'GET',
      path: '/openapi.json',
      summary: 'This description',
      tag: 'node',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'OpenAPI 3.1',
          schema: Type.Object({ openapi: Type.String(), info: Type.Unknown(), paths: Type.Unknown() }),
          example: { openapi: '3.1.0', info: {}, paths: {} },
        },
      ],
      handle: () => {
        description ??= describeApi(this.#routes, version);
        return ok(description);
      },
    });
  }
}

/** What to say when the HTTP server cannot listen: `API_PORT_TAKEN` or `API_LISTEN_FAILED`. */
export function apiListenRefused(host: string, port: number, cause: NodeJS.ErrnoException): CodedError {
  const isTaken = cause.code === 'EADDRINUSE';
  const message = isTaken
    ? `${host}:${port} is in use: stop the other program, or choose another port with --port or api.port`
    : `the HTTP server cannot listen on ${host}:${port}: ${cause.message}; correct api.host and api.port`;
  const code = isTaken ? 'API_PORT_TAKEN' : 'API_LISTEN_FAILED';
  return new CodedError(code, message, { host, port }, { cause });
}

/** True when a path is one of a route's, whatever its parameters. */
function matches(pattern: string, path: string): boolean {
  const expected = pattern.split('/');
  const given = path.split('/');
  return (
    expected.length === given.length &&
    expected.every((part, index) => part === given[index] || (part.startsWith(':') && given[index] !== ''))
  );
}

function routeOf({ routeOptions }: FastifyRequest): Route | undefined {
  return (routeOptions.config as { readonly route?: Route } | undefined)?.route;
}

const crossOriginHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'retry-after',
} as const;

function preflightHeaders(methods: readonly string[]): Readonly<Record<string, string>> {
  return {
    ...crossOriginHeaders,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '86400',
  };
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
