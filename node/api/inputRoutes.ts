/**
 * `POST /send-input`, `GET /input-status/:requestId`, `GET /queue-stats`: users' inputs (docs/api.md, inputs). Names and
 * messages are those of the seed document, so its clients work here. What a request must look like is judged by the
 * pipeline, which says more than a schema does.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { Refusal } from '../../consensus/primitives/codedError.ts';
import { INPUT_BYTES_MAX } from '../../settlement/input/inputText.ts';
import { confirmationLevels } from '../batcher/criteria/confirmationLevel.ts';
import { clientKeyOf } from '../batcher/input/clientKey.ts';
import { inputAnswers } from '../batcher/input/codes.ts';
import type {
  InputAnswer,
  InputPipeline,
  InputStatus,
  TargetStats,
} from '../batcher/pipeline/inputPipeline.ts';
import { inputStates } from '../batcher/storage/inputRow.ts';
import { type AnswerCode, answerOf } from './codes.ts';
import { addressExample, closed, countField, hashExample, hashField, heightField } from './fields.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';

/** The longest input as text in JSON, where each of its quotes has a stroke before it, and the rest of a request. */
const BODY_BYTES_MAX = 2 * INPUT_BYTES_MAX + 4096;

const inputSchema = Type.Object({
  data: Type.Object({
    address: Type.String({ description: '0x and 40 hex digits of an EVM account, or 64 of an ed25519 key' }),
    addressType: Type.Union([Type.Literal(0), Type.Literal(200)], {
      description: '0: EVM account, EIP-191 personal_sign; 200: ed25519 key',
    }),
    input: Type.String({ description: '`command|argument|…`, or sealed JSON' }),
    signature: Type.String({
      description: '0x hex, over the text that docs/api.md (inputs) says',
    }),
    timestamp: Type.String({ pattern: '^[1-9][0-9]{12}$', description: 'ms since 1970' }),
    target: Type.Optional(Type.String({ description: 'left out: the default one' })),
  }),
  confirmationLevel: Type.Optional(
    Type.Union(
      confirmationLevels.map((level) => Type.Literal(level)),
      { description: 'what the answer waits for; left out: what the node is set to' },
    ),
  ),
});

const sentSchema = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    requestId: hashField,
    inputsProcessed: Type.Literal(1),
    transactionHash: Type.Optional(Type.String({ description: 'on the chain of the target' })),
    rollup: Type.Optional({ ...heightField, description: 'height of the sidechain that processed it' }),
    duplicate: Type.Optional(
      Type.Literal(true, { description: 'it was known already; nothing was queued again' }),
    ),
  },
  closed,
);

const statusSchema = Type.Object(
  {
    success: Type.Literal(true),
    requestId: hashField,
    target: Type.String(),
    status: Type.Union(
      ['incomplete', 'complete', 'failed'].map((status) => Type.Literal(status)),
      { description: '`complete` and `failed` are for good' },
    ),
    subState: Type.Union(inputStates.map((state) => Type.Literal(state))),
    transactionHash: Type.Optional(Type.String()),
    rollup: Type.Optional(heightField),
    errorCode: Type.Optional(Type.String({ description: 'why it failed' })),
    retryCount: { ...countField, description: 'tries that were charged to it' },
    parks: { ...countField, description: 'rests of its target since then' },
    acceptedAt: Type.String({ description: 'ISO 8601' }),
    endedAt: Type.Optional(Type.String({ description: 'ISO 8601' })),
  },
  closed,
);

const statsSchema = Type.Object(
  {
    success: Type.Literal(true),
    totalPendingInputs: countField,
    targets: Type.Array(
      Type.Object(
        {
          target: Type.String(),
          criteriaType: Type.String(),
          pendingInputs: { ...countField, description: 'neither confirmed nor failed' },
          inputs: Type.Object(Object.fromEntries(inputStates.map((state) => [state, countField])), closed),
          openBatches: countField,
          oldestAgeMs: Type.Optional({ ...countField, description: 'of the oldest input that waits' }),
          parkedUntil: Type.Optional(Type.String({ description: 'ISO 8601; it rests after failures' })),
          parkedFor: Type.Optional(Type.String({ description: 'code of the last failure' })),
        },
        closed,
      ),
    ),
  },
  closed,
);

const inputExample: Static<typeof inputSchema> = {
  data: {
    address: addressExample,
    addressType: 0,
    input: 'transfer|0x1111111111111111111111111111111111111111|UM|1000',
    signature: `0x${'5d'.repeat(64)}1b`,
    timestamp: '1767225600000',
    target: 'sidechain',
  },
  confirmationLevel: 'wait-receipt',
};
const queuedExample = {
  success: true,
  message: 'Input queued for batching',
  requestId: hashExample,
  inputsProcessed: 1,
};
const processedExample = {
  ...queuedExample,
  message: 'Input processed and validated by Effectstream',
  transactionHash: `0x${'7a'.repeat(32)}`,
  rollup: 12,
};
const statsExample: Static<typeof statsSchema> = {
  success: true,
  totalPendingInputs: 3,
  targets: [
    {
      target: 'sidechain',
      criteriaType: 'time',
      pendingInputs: 3,
      inputs: { queued: 2, batching: 0, submitted: 1, confirmed: 40, failed: 1 },
      openBatches: 1,
      oldestAgeMs: 700,
    },
  ],
};

/** Refusals before and behind the queue; a target may have more of its own (docs/errors.md). */
const sendCodes: readonly AnswerCode[] = [
  ...(Object.keys(inputAnswers) as (keyof typeof inputAnswers)[]),
  'BATCHER_BATCH_REVERTED',
  'BATCHER_INPUT_REFUSED',
  'BATCHER_OFF',
  'BATCHER_QUEUE_FULL',
  'BATCHER_RECEIPT_TIMEOUT',
  'BATCHER_STOPPING',
  'BATCHER_STORAGE_UNAVAILABLE',
  'BATCHER_TARGET_PARKED',
  'BATCHER_TARGET_UNREACHABLE',
  'INPUT_CLEARED',
  'INPUT_EXPIRED',
  'INPUT_FAILED',
  'INPUT_LEVEL_UNAVAILABLE',
];

/** @param pipeline - Undefined: the batcher is off, which every route then says. */
export function inputRoutes(pipeline: InputPipeline | undefined): Route[] {
  const facts = { tag: 'batcher', isCrossOrigin: true } as const;
  return [
    defineRoute({
      ...facts,
      method: 'POST',
      path: '/send-input',
      summary: 'Hand a signed input to the batcher, and wait for what the level asks',
      codes: sendCodes,
      bodyBytesMax: BODY_BYTES_MAX,
      body: inputSchema,
      isBodyJudgedByHandler: true,
      bodyExample: inputExample,
      answers: [
        {
          status: 200,
          description: 'the level is reached; the input was on disk before',
          schema: sentSchema,
          example: processedExample,
        },
        {
          status: 202,
          description:
            'it is on disk and will be processed; the level was not reached in time: ask GET /input-status/{requestId}',
          schema: sentSchema,
          example: { ...queuedExample, message: timeoutMessage(hashExample) },
        },
      ],
      handle: async ({ body, clientAddress, signal }) => {
        if (pipeline === undefined) return batcherOff();
        // Who does not wait need not be watched, which costs as much as parsing the body.
        const { confirmationLevel } = (body ?? {}) as { readonly confirmationLevel?: unknown };
        const caller = confirmationLevel === 'no-wait' ? undefined : signal();
        const sent = await pipeline.send(body, clientKeyOf(clientAddress), caller);
        return sent.ok ? showAnswer(sent.value) : refuseFrom(sent);
      },
    }),
    defineRoute({
      ...facts,
      method: 'GET',
      path: '/input-status/:requestId',
      summary: 'What became of an input',
      codes: ['BATCHER_OFF', 'BATCHER_STORAGE_UNAVAILABLE', 'INPUT_UNKNOWN'],
      params: Type.Object({ requestId: hashField }, closed),
      answers: [
        {
          status: 200,
          description: 'as long as the node remembers it',
          schema: statusSchema,
          example: showStatus({
            requestId: hashExample,
            target: 'sidechain',
            state: 'confirmed',
            attempts: 0,
            parks: 0,
            transactionHash: processedExample.transactionHash,
            rollup: 12,
            errorCode: undefined,
            receivedAtMs: 1_767_225_600_000,
            endedAtMs: 1_767_225_602_000,
          }),
        },
      ],
      handle: async ({ params }) => {
        if (pipeline === undefined) return batcherOff();
        const found = await pipeline.status(params.requestId);
        return found.ok ? ok(showStatus(found.value)) : refuseFrom(found);
      },
    }),
    defineRoute({
      ...facts,
      method: 'GET',
      path: '/queue-stats',
      summary: 'How many inputs wait, by target',
      codes: ['BATCHER_OFF', 'BATCHER_STORAGE_UNAVAILABLE'],
      answers: [{ status: 200, description: 'now', schema: statsSchema, example: statsExample }],
      handle: async () => {
        if (pipeline === undefined) return batcherOff();
        const stats = await pipeline.stats();
        return stats.ok ? ok(showStats(stats.value)) : refuseFrom(stats);
      },
    }),
  ];
}

export function batcherOff(): Answer {
  return refusal('BATCHER_OFF', 'this node takes no inputs: set batcher.enabled to true to turn them on', {
    key: 'batcher.enabled',
  });
}

/**
 * What the pipeline refused, as an answer. A code of a target’s own grammar is the caller’s fault, and its chain’s refusal
 * of what was stored already is no fault of the request.
 */
export function refuseFrom({ code, message, details = {} }: Refusal): Answer {
  const isStored = details.request_id !== undefined;
  const { status, retryable } = answerOf(code) ?? { status: isStored ? 422 : 400, retryable: false };
  // RFC 9110, 10.2.3; a second is the shortest that the header can say.
  const waitS = typeof details.retry_after_s === 'number' ? Math.max(1, Math.ceil(details.retry_after_s)) : 1;
  const body = { error: { code, message, retryable, details } };
  return status === 429 || status === 503
    ? { status, body, headers: { 'retry-after': String(waitS) } }
    : { status, body };
}

const messages = {
  'no-wait': 'Input queued for batching',
  'wait-receipt': 'Input processed successfully',
  'wait-effectstream-processed': 'Input processed and validated by Effectstream',
} as const satisfies Readonly<Record<InputAnswer['level'], string>>;

function showAnswer(answer: InputAnswer): Answer {
  const { requestId, level, isTimedOut, isDuplicate, transactionHash, rollup } = answer;
  const body: Static<typeof sentSchema> = {
    success: true,
    message: isTimedOut ? timeoutMessage(requestId) : messages[level],
    requestId,
    inputsProcessed: 1,
    ...(transactionHash === undefined ? {} : { transactionHash }),
    ...(rollup === undefined ? {} : { rollup }),
    ...(isDuplicate ? { duplicate: true } : {}),
  };
  return ok(body, isTimedOut ? 202 : 200);
}

function timeoutMessage(requestId: string): string {
  return `Input queued and not processed in time; ask GET /input-status/${requestId}`;
}

function showStatus(input: InputStatus): Static<typeof statusSchema> {
  const { requestId, target, state, transactionHash, rollup, errorCode, endedAtMs } = input;
  const status = state === 'confirmed' ? 'complete' : state === 'failed' ? 'failed' : 'incomplete';
  return {
    success: true,
    requestId,
    target,
    status,
    subState: state,
    ...(transactionHash === undefined ? {} : { transactionHash }),
    ...(rollup === undefined ? {} : { rollup }),
    ...(errorCode === undefined ? {} : { errorCode }),
    retryCount: input.attempts,
    parks: input.parks,
    acceptedAt: new Date(input.receivedAtMs).toISOString(),
    ...(endedAtMs === undefined ? {} : { endedAt: new Date(endedAtMs).toISOString() }),
  };
}

function showStats(targets: readonly TargetStats[]): Static<typeof statsSchema> {
  const shown = targets.map(
    ({ target, criteria, inputs, openBatches, oldestAgeMs, parkedUntilMs, parkedFor }) => ({
      target,
      criteriaType: criteria,
      pendingInputs: inputs.queued + inputs.batching + inputs.submitted,
      inputs: { ...inputs },
      openBatches,
      ...(oldestAgeMs === undefined ? {} : { oldestAgeMs: Math.max(0, Math.floor(oldestAgeMs)) }),
      ...(parkedUntilMs === undefined ? {} : { parkedUntil: new Date(parkedUntilMs).toISOString() }),
      ...(parkedFor === undefined ? {} : { parkedFor }),
    }),
  );
  const totalPendingInputs = shown.reduce((sum, { pendingInputs }) => sum + pendingInputs, 0);
  return { success: true, totalPendingInputs, targets: shown };
}
