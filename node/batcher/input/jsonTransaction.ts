/** JSON of a ledger transaction inside an input: an operation by name, or an atomic batch with whoever signs beside the account. */
import { type TObject, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX } from '../../../consensus/primitives/flavor.ts';
import type { Signature } from '../../../consensus/primitives/signature.ts';
import type { AtomicBatchOperation } from '../../../settlement/atomic/types.ts';
import { type CommandOperation, commandArguments } from '../../../settlement/input/command.ts';
import {
  type AtomicBatchPart,
  atomicBatchPartSchema,
  readAtomicBatchPart,
} from '../../api/atomicBatchBody.ts';
import { type InputCode, refuseInput } from './codes.ts';

/** What an input makes the ledger do, with the signatures of those who authorise it beside its account. */
export interface SidechainCommand {
  readonly body: CommandOperation | AtomicBatchOperation;
  /** One for each of the batch's signers, in their order; otherwise none. */
  readonly cosignatures: readonly Signature[];
}

/** Where the transaction stands in the body of a request. */
export const TRANSACTION_PATH = '/data/input/transaction';

const closed = { additionalProperties: false };
const addressField = Type.String({ pattern: '^0x(?:[0-9a-f]{40}|[0-9a-f]{64})$' });
const symbolField = Type.String({ pattern: '^[!-~]{1,32}$' });
const argumentFields = {
  to: addressField,
  borrower: addressField,
  asset: symbolField,
  debt_asset: symbolField,
  collateral_asset: symbolField,
  amount: Type.String({ pattern: '^[1-9][0-9]{0,38}$' }),
};

type OperationType = CommandOperation['type'];
type OperationJson = Readonly<Record<keyof typeof argumentFields, string>>;

function operationSchema(type: OperationType): TObject {
  const fields = commandArguments[type].map((name) => [name, argumentFields[name]] as const);
  return Type.Object({ type: Type.Literal(type), ...Object.fromEntries(fields) }, closed);
}

/**
 * Reads a transaction out of plain JSON. Amounts are decimal text, addresses in lower case.
 * @param isAsset - Whether the ledger has an asset of that symbol.
 * @returns Or `INPUT_JSON_INVALID`, `INPUT_AMOUNT_INVALID` or `INPUT_ASSET_UNKNOWN` with the place.
 */
export function readJsonTransaction(
  json: unknown,
  isAsset: (symbol: string) => boolean,
): Verdict<SidechainCommand, InputCode> {
  const type = typeof json === 'object' && json !== null ? (json as { type?: unknown }).type : undefined;
  if (type === 'atomic_batch') return readBatch(json);
  if (typeof type !== 'string' || !Object.hasOwn(commandArguments, type)) {
    const known = [...Object.keys(commandArguments), 'atomic_batch'].join(', ');
    return refuseInput('INPUT_JSON_INVALID', `${TRANSACTION_PATH}/type`, `write one of ${known}`);
  }
  return readOperation(type as OperationType, json, isAsset);
}

function readBatch(json: unknown): Verdict<SidechainCommand, InputCode> {
  const problem = findShapeProblem(atomicBatchPartSchema, json);
  if (problem !== undefined) return problem;
  const read = readAtomicBatchPart(json as AtomicBatchPart);
  if (!read.ok) return refuseInput('INPUT_JSON_INVALID', TRANSACTION_PATH, read.message, read.details);
  return accept(read.value);
}

function readOperation(
  type: OperationType,
  json: unknown,
  isAsset: (symbol: string) => boolean,
): Verdict<SidechainCommand, InputCode> {
  const problem = findShapeProblem(operationSchema(type), json);
  if (problem !== undefined) return problem;
  const fields = json as OperationJson;
  for (const name of commandArguments[type]) {
    if (name.endsWith('asset') && !isAsset(fields[name])) {
      return refuseInput(
        'INPUT_ASSET_UNKNOWN',
        `${TRANSACTION_PATH}/${name}`,
        'use one that GET /assets lists',
      );
    }
  }
  if (BigInt(fields.amount) > AMOUNT_MAX) {
    return refuseInput('INPUT_AMOUNT_INVALID', `${TRANSACTION_PATH}/amount`, 'write at most 2^128 - 1');
  }
  return accept({ body: toOperation(type, fields), cosignatures: [] });
}

function toOperation(type: OperationType, fields: OperationJson): CommandOperation {
  const { asset } = fields;
  const amount = BigInt(fields.amount);
  if (type === 'transfer') return { type, to: fields.to, asset, amount };
  if (type !== 'liquidate') return { type, asset, amount };
  return {
    type,
    borrower: fields.borrower,
    debtAsset: fields.debt_asset,
    amount,
    collateralAsset: fields.collateral_asset,
    exactCollateral: undefined,
  };
}

function findShapeProblem(schema: TObject, json: unknown): Refusal<InputCode> | undefined {
  for (const { path, message } of Value.Errors(schema, json)) {
    return refuseInput('INPUT_JSON_INVALID', `${TRANSACTION_PATH}${path}`, message);
  }
  return undefined;
}
