/** The body that the doors of escrows, channels, treasury, fee and transfers take, and the transaction it stands for. */
import { type Static, Type } from '@sinclair/typebox';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { addressExample, closed, heightField } from './fields.ts';
import { formOf, type OperationType } from './operationForms.ts';
import { type BodyCode, BodyError, findProblem, readSigned, signingFields } from './signedBody.ts';

/** The operations a path takes. */
export const operationDoors = {
  '/escrows': ['escrow_open', 'escrow_refund'],
  '/channels': [
    'channel_open',
    'channel_close',
    'channel_unilateral_close',
    'channel_dispute',
    'channel_settle',
  ],
  '/treasury/withdrawals': ['treasury_propose', 'treasury_approve'],
  '/fee-proposals': ['fee_propose', 'fee_vote'],
  '/cross-chain-transfers': ['cross_chain_send'],
} as const satisfies Readonly<Record<string, readonly OperationType[]>>;

export type OperationDoor = keyof typeof operationDoors;

/** The body of a door: its operations are told apart by their type, each with fields of its own. */
export function operationBodySchema(types: readonly OperationType[]) {
  return Type.Object(
    {
      operation: Type.Unknown({
        description: 'what the sender does',
        oneOf: types.map((type) => formOf(type).schema),
      }),
      expires_at_height: Type.Optional(
        Type.Integer({
          ...heightField,
          description: 'last height of a block that may hold the transaction; 0 or left out: any',
        }),
      ),
      ...signingFields('operation', 'a side of a channel that both close'),
    },
    closed,
  );
}

export type OperationBody = Static<ReturnType<typeof operationBodySchema>>;

export function operationBodyExample(type: OperationType): OperationBody {
  return {
    operation: formOf(type).example,
    expires_at_height: 20,
    sender: addressExample,
    nonce: 0,
    signature: `0x${'00'.repeat(65)}`,
  };
}

/** The door that takes operations of this type, for those who send one; undefined: none does. */
export function doorOf(type: unknown): OperationDoor | undefined {
  const paths = Object.keys(operationDoors) as OperationDoor[];
  return paths.find((path) => typesOf(path).some((one) => one === type));
}

export function typesOf(door: OperationDoor): readonly OperationType[] {
  return operationDoors[door];
}

/**
 * The signed transaction that a body stands for, whatever its signatures are worth.
 * @param body - Fits `operationBodySchema`; the operation in it may be anything.
 * @returns Its bytes; or a refusal whose details name the place.
 */
export function readOperationBody(
  body: OperationBody,
  types: readonly OperationType[],
  chainId: Hash,
): Verdict<Uint8Array, BodyCode> {
  const { expires_at_height: expiresAtHeight = 0 } = body;
  return readSigned(body, { chainId, expiresAtHeight }, (signers) =>
    readOperation(body.operation, types, signers),
  );
}

function readOperation(
  json: unknown,
  types: readonly OperationType[],
  signers: readonly Address[],
): TransactionBody {
  const given: unknown = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined;
  const type = types.find((one) => one === given);
  if (type === undefined)
    throw new BodyError('/operation/type', `expected a type that this door takes: ${types.join(', ')}`);
  const { schema, signersMax, read } = formOf(type);
  const problem = findProblem(schema, json);
  if (problem !== undefined) throw new BodyError(`/operation${problem.path}`, problem.message);
  if (signers.length > signersMax)
    throw new BodyError('/signers', `expected at most ${signersMax} beside the sender of ${type}`);
  return read(json, signers);
}
