/** Codes of the HTTP API (docs/errors.md), and the status and retry advice of every code that an answer can carry. */
import { orderAnswers } from '../autobatch/intake/orderCodes.ts';
import { inputAnswers } from '../batcher/input/codes.ts';

export const apiCodes = {
  ADMIN_OFF: 'the admin endpoints are off, because the node has no admin token',
  ADMIN_TOKEN_INVALID: 'the request carries no bearer token, or a wrong one',
  API_LISTEN_FAILED: 'the address of the HTTP server cannot be used',
  API_PORT_TAKEN: 'another program listens on the address of the HTTP server',
  ATOMIC_BATCH_UNKNOWN: 'this node knows no atomic batch of that id, neither waiting nor executed',
  BATCHER_DEBUG_OFF: 'the debug endpoints of the batcher are off',
  BATCHER_OFF: 'the node takes no inputs of users: its batcher is off',
  BATCH_UNKNOWN: 'there is no such net batch, or it was settled too long ago to be kept',
  BLOCK_UNKNOWN: 'there is no final block of that height, or it is too old to be kept',
  BODY_TOO_LARGE: 'the body of the request is above the limit',
  CONTENT_TYPE_UNSUPPORTED: 'the body of the request is not JSON',
  EVENTS_LOST: 'events between the last one the reader has seen and the next one are no longer kept',
  EVENT_READERS_MAX: 'as many readers follow the event stream as the node serves',
  HEADERS_TOO_LARGE: 'the request has more headers, or larger ones, than the node takes',
  METHOD_NOT_ALLOWED: 'the path exists and takes another method',
  NODE_UNSUPERVISED: 'nobody watches over the process of the node, so it would not come back',
  OPERATOR_KEY_MISSING: 'the node holds no key that genesis names as an operator',
  RECEIPT_UNKNOWN: 'this chain has settled nothing under that id',
  REQUEST_INVALID: 'a parameter or the body does not have the documented shape',
  REQUEST_MALFORMED: 'what came is not HTTP',
  REQUEST_TIMEOUT: 'the request did not arrive in time',
  ROUTE_UNKNOWN: 'there is no such path',
  TRANSACTION_UNKNOWN: 'the node knows no such transaction, or it ended too long ago to be kept',
} as const;

export type ApiCode = keyof typeof apiCodes;

interface CodeAnswer {
  readonly status: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

const final = (status: number): CodeAnswer => ({ status, retryable: false });
const retryable = (status: number): CodeAnswer => ({ status, retryable: true });

/** Every code an answer of the API can carry, its own and the core's. */
const answers = {
  ...inputAnswers,
  ...orderAnswers,
  ADMIN_OFF: final(403),
  ADMIN_TOKEN_INVALID: final(401),
  AMOUNT_ZERO: final(422),
  ATOMIC_BATCH_UNKNOWN: final(404),
  AUTO_BATCH_DATABASE_REFUSED: retryable(503),
  AUTO_BATCH_DATABASE_UNREACHABLE: retryable(503),
  AUTO_BATCH_ELSEWHERE: final(421),
  AUTO_BATCH_OFF: final(403),
  AUTO_BATCH_STOPPING: retryable(503),
  AUTO_BATCH_UNKNOWN: final(404),
  BATCH_ALREADY_EXECUTED: final(409),
  BATCH_EMPTY: final(422),
  BATCH_EXPIRY_TOO_FAR: final(422),
  BATCH_GAS_TOO_HIGH: final(422),
  BATCH_ID_TAKEN: final(409),
  BATCH_TIMEOUT: final(422),
  BATCH_TOO_LARGE: final(422),
  BATCH_TOO_MANY_ACCOUNTS: final(422),
  BATCH_UNKNOWN: final(404),
  BATCH_VALUE_TOO_HIGH: final(422),
  BATCHER_BATCH_REVERTED: final(422),
  BATCHER_DEBUG_OFF: final(403),
  BATCHER_INPUT_REFUSED: final(422),
  BATCHER_OFF: final(403),
  BATCHER_QUEUE_FULL: retryable(429),
  BATCHER_RECEIPT_TIMEOUT: retryable(503),
  BATCHER_STOPPING: retryable(503),
  BATCHER_STORAGE_UNAVAILABLE: retryable(503),
  // It waits; the same request again joins it.
  BATCHER_TARGET_PARKED: retryable(503),
  BATCHER_TARGET_UNREACHABLE: retryable(503),
  BLOCK_UNKNOWN: final(404),
  BODY_TOO_LARGE: final(413),
  CONTENT_TYPE_UNSUPPORTED: final(415),
  DUPLICATE_SETTLEMENT_ID: final(422),
  ENCODING_INVALID: final(400),
  CHANNEL_UNKNOWN: final(404),
  ESCROW_UNKNOWN: final(404),
  CROSS_CHAIN_TRANSFER_UNKNOWN: final(404),
  EVENT_READERS_MAX: retryable(503),
  FEE_PROPOSAL_UNKNOWN: final(404),
  HEADERS_TOO_LARGE: final(431),
  INPUT_CLEARED: final(409),
  INPUT_EXPIRED: final(409),
  INPUT_FAILED: final(422),
  INPUT_LEVEL_UNAVAILABLE: final(400),
  INPUT_UNKNOWN: final(404),
  INPUT_ALREADY_EXECUTED: final(409),
  INPUT_TOO_EARLY: retryable(409),
  INTERNAL: final(500),
  LEDGER_ASSET_UNKNOWN: final(422),
  LEDGER_NONCE_AHEAD: retryable(409),
  LEDGER_NONCE_USED: final(409),
  MEMPOOL_FULL: retryable(429),
  MEMPOOL_NONCE_TAKEN: final(409),
  MEMPOOL_SENDER_FULL: retryable(429),
  METHOD_NOT_ALLOWED: final(405),
  NODE_OVERLOADED: retryable(503),
  NODE_STOPPED: retryable(503),
  NODE_UNSUPERVISED: final(409),
  OPERATOR_KEY_MISSING: final(403),
  PROOF_FORM_INVALID: final(400),
  PROOF_VERIFICATION_FAILED: final(401),
  RECEIPT_UNKNOWN: final(404),
  REQUEST_INVALID: final(400),
  REQUEST_MALFORMED: final(400),
  REQUEST_TIMEOUT: retryable(408),
  ROUTE_UNKNOWN: final(404),
  SELF_PAYMENT: final(422),
  SETTLEMENT_ID_RESERVED: final(422),
  TRANSACTION_ADDRESS_INVALID: final(400),
  TRANSACTION_CHAIN_MISMATCH: final(400),
  TRANSACTION_COSIGNATURE_INVALID: final(401),
  TRANSACTION_VOUCHER_INVALID: final(401),
  TRANSACTION_EXPIRED: final(409),
  TRANSACTION_INPUT_INVALID: final(400),
  TRANSACTION_SIGNATURE_INVALID: final(401),
  TRANSACTION_TOO_LARGE: final(413),
  TRANSACTION_UNKNOWN: final(404),
  TREASURY_WITHDRAWAL_UNKNOWN: final(404),
} as const satisfies Readonly<Record<string, CodeAnswer>>;

export type AnswerCode = keyof typeof answers;

/** @returns The answer to a code; undefined: nobody foresaw it. */
export function answerOf(code: AnswerCode): CodeAnswer;
export function answerOf(code: string): CodeAnswer | undefined;
export function answerOf(code: string): CodeAnswer | undefined {
  return Object.hasOwn(answers, code) ? answers[code as AnswerCode] : undefined;
}
