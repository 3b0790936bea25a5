/**
 * `sidereal send operation FILE`: signs the operation of a JSON file with funded accounts of a running devnet and hands it to
 * the door of its kind: escrows, channels, treasury, fee, transfers. What a user would have to look up may be left out.
 */
import { toHex } from '../../consensus/primitives/bytes.ts';
import { assert, type CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { signVoucherAsEvmAccount } from '../../settlement/atomic/voucher.ts';
import type { Transaction } from '../../settlement/execution/transaction.ts';
import { voucherOf } from '../../settlement/execution/transactionBody.ts';
import {
  doorOf,
  type OperationBody,
  operationBodySchema,
  readOperationBody,
  typesOf,
} from '../api/operationBody.ts';
import { findProblem } from '../api/signedBody.ts';
import { postJson } from '../devnet/apiClient.ts';
import type { DevnetDescription } from '../devnet/description.ts';
import type { ExitCode } from './codes.ts';
import { accountOf, chooseNode, type SendOptions } from './devnetTarget.ts';
import type { CliIo } from './io.ts';
import {
  BLANK_SIGNATURE,
  drawId,
  type FileKind,
  invalidFile,
  isObject,
  type JsonObject,
  keyOf,
  pathOf,
  readObjectFile,
  readStanding,
  resolveAccount,
  type Standing,
  signatures,
  transactionIn,
} from './sendFile.ts';
import { tellOutcome } from './transactionOutcome.ts';

const operationFile: FileKind = {
  holds: 'operation',
  code: 'OPERATION_FILE_INVALID',
  keys: ['operation', 'signers'],
  example: '{ "operation": { "type": "escrow_open", ... } }',
};
/** Drawn when the file leaves it out. */
const drawnIds: Readonly<Record<string, string>> = {
  escrow_open: 'escrow_id',
  channel_open: 'channel_id',
  treasury_propose: 'withdrawal_id',
  fee_propose: 'proposal_id',
  cross_chain_send: 'transfer_id',
};
const ACCOUNT_KEYS: readonly string[] = ['payee', 'to'];

/**
 * @param words - Behind `operation`: the file.
 * @param validBlocks - So many blocks after now the transaction is void.
 * @returns The exit code.
 */
export async function sendOperation(
  words: readonly string[],
  devnet: DevnetDescription,
  validBlocks: number,
  options: SendOptions,
  io: CliIo,
): Promise<ExitCode> {
  const path = pathOf(words, 'operation');
  const file = readObjectFile(path, operationFile);
  const { address: sender } = accountOf(devnet, options.account);
  const node = await chooseNode(devnet, options.node);
  const standing = await readStanding(node.api, sender);
  const operation = operationOf(file, path, devnet, standing);
  const door = doorOf(operation.type);
  if (door === undefined) throw invalid(path, `no door takes the type ${JSON.stringify(operation.type)}`);
  const unsigned: OperationBody = {
    operation,
    expires_at_height: standing.finalizedHeight + validBlocks,
    sender,
    nonce: standing.nonce,
    signature: BLANK_SIGNATURE,
    signers: signersOf(file, path, devnet).map((address) => ({ address, signature: BLANK_SIGNATURE })),
  };
  const read = (body: OperationBody) => readTransaction(body, standing.chainId, path);
  const body = { ...unsigned, operation: withVoucherSigned(operation, read(unsigned), devnet) };
  const accepted = await postJson(node.api, door, { ...body, ...signatures(read(body), devnet) });
  const idKey = drawnIds[String(operation.type)];
  const notes = idKey === undefined ? {} : { [idKey]: operation[idKey] };
  return tellOutcome(accepted, { node, from: sender, notes }, options, io);
}

/** The operation with what the file leaves out: its id when it opens something, accounts, a last height, a signature. */
function operationOf(
  { operation }: JsonObject,
  path: string,
  devnet: DevnetDescription,
  { finalizedHeight }: Standing,
): JsonObject {
  if (!isObject(operation)) throw invalid(path, 'operation: expected an object with a type');
  const { expires_after_blocks: blocks, ...given } = operation;
  const idKey = drawnIds[String(given.type)];
  const whole: Record<string, unknown> = { ...(idKey === undefined ? {} : { [idKey]: drawId() }), ...given };
  if (blocks !== undefined) {
    if (!Number.isSafeInteger(blocks))
      throw invalid(path, 'operation/expires_after_blocks: expected a number of blocks');
    whole.expires_at_height = Math.max(0, finalizedHeight + (blocks as number));
  }
  for (const key of ACCOUNT_KEYS) if (key in whole) whole[key] = resolveAccount(whole[key], devnet);
  if (Array.isArray(whole.parties))
    whole.parties = whole.parties.map((party) => resolveAccount(party, devnet));
  const { voucher } = whole;
  if (isObject(voucher)) {
    const payer = resolveAccount(voucher.payer, devnet);
    whole.voucher = { signature: BLANK_SIGNATURE, ...voucher, payer };
  }
  return whole;
}

function signersOf({ signers = [] }: JsonObject, path: string, devnet: DevnetDescription): string[] {
  if (!Array.isArray(signers)) throw invalid(path, 'signers: expected a list of accounts');
  return signers.map((one: unknown) => String(resolveAccount(one, devnet)));
}

/** A voucher that came without a signature gets that of its payer. */
function withVoucherSigned(
  operation: JsonObject,
  { chainId, body }: Transaction,
  { accounts }: DevnetDescription,
): JsonObject {
  const shown = voucherOf(body);
  const { voucher } = operation;
  if (shown === undefined || !isObject(voucher) || voucher.signature !== BLANK_SIGNATURE) return operation;
  const { channelId, voucher: promise } = shown;
  const key = keyOf(promise.payer, accounts);
  const { signature } = signVoucherAsEvmAccount(key, { chainId, channelId }, promise);
  return { ...operation, voucher: { ...voucher, signature: toHex(signature) } };
}

function readTransaction(body: OperationBody, chainId: Hash, path: string): Transaction {
  const door = doorOf((body.operation as JsonObject).type);
  assert(door !== undefined, 'a door was found before');
  const types = typesOf(door);
  const problem = findProblem(operationBodySchema(types), body);
  return transactionIn(path, operationFile, problem, () => readOperationBody(body, types, chainId));
}

function invalid(path: string, reason: string): CodedError {
  return invalidFile(path, operationFile, reason);
}
