/**
 * What is stored of an input and of a batch, and the one text each has. Equal rows have equal texts, so a storage that
 * keeps texts compares rows by comparing them.
 */
import { z } from 'zod';

/** In this order; nothing follows one of the last two. */
export const inputStates = ['queued', 'batching', 'submitted', 'confirmed', 'failed'] as const;
export type InputState = (typeof inputStates)[number];

/** An input as it was accepted. */
export interface AcceptedInput {
  /** Lower-case hex of 32 bytes. */
  readonly requestId: string;
  /** Name of a configured target: 1 to 64 visible ASCII characters. */
  readonly target: string;
  readonly address: string;
  readonly addressType: number;
  readonly input: string;
  readonly signature: string;
  /** As it was signed. */
  readonly timestamp: string;
  readonly receivedAtMs: number;
}

export interface InputRow extends AcceptedInput {
  readonly state: InputState;
  /** Tries that were charged to the input. */
  readonly attempts: number;
  /** Rests of the target since the last charge. */
  readonly parks: number;
  /** The batch that holds the input now. */
  readonly batchId: string | undefined;
  /** Of the last batch it was submitted in. */
  readonly transactionHash: string | undefined;
  /** Height of the sidechain that processed it. */
  readonly sidechainHeight: number | undefined;
  /** Why it failed. */
  readonly errorCode: string | undefined;
  readonly endedAtMs: number | undefined;
}

export interface BatchRow {
  readonly batchId: string;
  readonly target: string;
  /** Node that opened it, and so finishes it. */
  readonly owner: string;
  /** What the adapter submits, in its own encoding. */
  readonly content: string;
  /** Inputs that have no verdict yet. */
  readonly requestIds: readonly string[];
  readonly openedAtMs: number;
  /** Every transaction that was submitted for it, the newest last. */
  readonly transactionHashes: readonly string[];
}

export function isEnded({ state }: Pick<InputRow, 'state'>): boolean {
  return state === 'confirmed' || state === 'failed';
}

/** In no batch and without a verdict: queued, or given back for another try. */
export function isWaiting(row: InputRow): boolean {
  return row.batchId === undefined && !isEnded(row);
}

export function encodeRow(row: InputRow): string {
  return JSON.stringify([
    row.requestId,
    row.target,
    row.address,
    row.addressType,
    row.input,
    row.signature,
    row.timestamp,
    row.receivedAtMs,
    row.state,
    row.attempts,
    row.parks,
    row.batchId ?? null,
    row.transactionHash ?? null,
    row.sidechainHeight ?? null,
    row.errorCode ?? null,
    row.endedAtMs ?? null,
  ]);
}

const text = z.string();
const count = z.number().int().nonnegative();
const optionalText = text.nullable();
const optionalCount = count.nullable();
const rowShape = z.tuple([
  text,
  text,
  text,
  z.number().int(),
  text,
  text,
  text,
  count,
  z.enum(inputStates),
  count,
  count,
  optionalText,
  optionalText,
  optionalCount,
  optionalText,
  optionalCount,
]);
const batchShape = z.tuple([text, text, text, text, z.array(text), count, z.array(text)]);

/** @throws {Error} when the text is not of a row: the caller knows where it stood. */
export function decodeRow(stored: string): InputRow {
  const fields = rowShape.parse(JSON.parse(stored));
  return {
    requestId: fields[0],
    target: fields[1],
    address: fields[2],
    addressType: fields[3],
    input: fields[4],
    signature: fields[5],
    timestamp: fields[6],
    receivedAtMs: fields[7],
    state: fields[8],
    attempts: fields[9],
    parks: fields[10],
    batchId: fields[11] ?? undefined,
    transactionHash: fields[12] ?? undefined,
    sidechainHeight: fields[13] ?? undefined,
    errorCode: fields[14] ?? undefined,
    endedAtMs: fields[15] ?? undefined,
  };
}

export function encodeBatch(batch: BatchRow): string {
  const { batchId, target, owner, content, requestIds, openedAtMs, transactionHashes } = batch;
  return JSON.stringify([batchId, target, owner, content, requestIds, openedAtMs, transactionHashes]);
}

/** @throws {Error} like `decodeRow`. */
export function decodeBatch(stored: string): BatchRow {
  const [batchId, target, owner, content, requestIds, openedAtMs, transactionHashes] = batchShape.parse(
    JSON.parse(stored),
  );
  return { batchId, target, owner, content, requestIds, openedAtMs, transactionHashes };
}
