/** The OpenAPI 3.1 description, made from the routes themselves: what it says is what the server checks. */
import type { TObject, TSchema } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { adapterCodes } from '../batcher/adapters/adapter.ts';
import { inputCodes } from '../batcher/input/codes.ts';
import { batcherCodes } from '../batcher/pipeline/inputPipeline.ts';
import { type AnswerCode, answerOf, apiCodes } from './codes.ts';
import { closed } from './fields.ts';
import type { Route } from './route.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Codes that any request may meet, whatever the route. */
const commonCodes: readonly AnswerCode[] = ['HEADERS_TOO_LARGE', 'REQUEST_TIMEOUT', 'INTERNAL'];
const bodyCodes: readonly AnswerCode[] = ['REQUEST_INVALID', 'BODY_TOO_LARGE', 'CONTENT_TYPE_UNSUPPORTED'];
const adminCodes: readonly AnswerCode[] = ['ADMIN_OFF', 'ADMIN_TOKEN_INVALID'];

export const errorSchema = Type.Object(
  {
    success: Type.Optional(Type.Literal(false, { description: 'of the batcher’s endpoints' })),
    error: Type.Object(
      {
        code: Type.String({ pattern: '^[A-Z][A-Z0-9_]*$', description: 'stable; docs/errors.md' }),
        message: Type.String(),
        retryable: Type.Boolean({ description: 'whether the same request may succeed later' }),
        details: Type.Record(Type.String(), Type.Unknown()),
      },
      closed,
    ),
  },
  closed,
);

const meanings: Readonly<Record<string, string>> = {
  ...apiCodes,
  ...inputCodes,
  ...batcherCodes,
  ...adapterCodes,
};

/** Every code that this route can answer with. */
export function codesOf(route: Route): readonly AnswerCode[] {
  const codes = new Set<AnswerCode>([...route.codes, ...commonCodes]);
  if (route.params !== undefined || route.query !== undefined) codes.add('REQUEST_INVALID');
  if (route.body !== undefined) for (const code of bodyCodes) codes.add(code);
  if (route.isAdmin === true) for (const code of adminCodes) codes.add(code);
  return [...codes].sort();
}

/** @param version - Of the program. */
export function describeApi(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([A-Za-z_]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sidereal node',
      version,
      description:
        'The HTTP interface of one node. Amounts are decimal strings of smallest units; times are ms after the genesis instant.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Error: plain(errorSchema) },
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describeRoute(route: Route): JsonObject {
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.tag],
    ...(route.isAdmin === true ? { security: [{ adminToken: [] }] } : {}),
    parameters: [...describeParameters('path', route.params), ...describeParameters('query', route.query)],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: plain(route.body), example: route.bodyExample } },
          },
        }),
    responses: describeAnswers(route),
  };
}

/** `GET /blocks/:height` is `getBlocksByHeight`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[/._-]/).filter((word) => word !== '');
  const parts = words.map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)));
  return method.toLowerCase() + parts.join('');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function describeParameters(place: 'path' | 'query', schema: TObject | undefined): JsonObject[] {
  if (schema === undefined) return [];
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: plain(property),
  }));
}

function describeAnswers(route: Route): JsonObject {
  const responses: Record<string, unknown> = {};
  for (const { status, description, schema, example, contentType = 'application/json' } of route.answers) {
    responses[status] = { description, content: { [contentType]: { schema: plain(schema), example } } };
  }
  const codesByStatus = new Map<number, AnswerCode[]>();
  for (const code of codesOf(route)) {
    const { status } = answerOf(code);
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of codesByStatus) {
    // A status that has a shape of its own (readiness) keeps it.
    if (responses[status] !== undefined) continue;
    const [code = 'INTERNAL'] = codes;
    const { retryable } = answerOf(code);
    const message = meanings[code] ?? code;
    const error = { code, message, retryable, details: {} };
    responses[status] = {
      description: codes.join(', '),
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Error' },
          example: route.tag === 'batcher' ? { success: false, error } : { error },
        },
      },
    };
  }
  return responses;
}

/** A schema as plain JSON: the library's own marks are symbols, which JSON leaves out. */
function plain(schema: TSchema): unknown {
  return JSON.parse(JSON.stringify(schema));
}
