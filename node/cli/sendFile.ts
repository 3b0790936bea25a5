/** Files that `sidereal send` makes signed bodies from, and the signatures of funded accounts under them. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { signAsEvmAccount } from '../../consensus/primitives/accountSignature.ts';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { assert, CodedError, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import {
  cosigningBytes,
  decodeTransaction,
  signTransactionAsEvmAccount,
  type Transaction,
} from '../../settlement/execution/transaction.ts';
import { cosignersOf } from '../../settlement/execution/transactionBody.ts';
import type { BodyCode, BodyProblem } from '../api/signedBody.ts';
import { getJson } from '../devnet/apiClient.ts';
import type { DevnetDescription } from '../devnet/description.ts';
import type { CliCode } from './codes.ts';
import { accountOf, type FundedAccount } from './devnetTarget.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a kind of file holds, and what is said of one that does not. */
export interface FileKind {
  readonly holds: string;
  readonly code: CliCode;
  readonly keys: readonly string[];
  readonly example: string;
}

/** Stands where a signature is still to be made, of an EVM account as all funded ones are. */
export const BLANK_SIGNATURE = toHex(new Uint8Array(65));

/** What the network says that a body needs. */
export interface Standing {
  readonly chainId: Hash;
  readonly nonce: number;
  readonly finalizedHeight: Height;
}

export async function readStanding(api: string, sender: string): Promise<Standing> {
  const status = await getJson(api, '/status');
  const { next_nonce } = await getJson(api, `/accounts/${sender}`);
  return {
    chainId: String(status.chain_id),
    nonce: Number(next_nonce),
    finalizedHeight: Number(status.finalized_height),
  };
}

/** The one word behind `name`. @throws {CodedError} `CLI_USAGE`. */
export function pathOf(words: readonly string[], name: string): string {
  const [path] = words;
  if (path !== undefined && words.length === 1) return path;
  const code: CliCode = 'CLI_USAGE';
  throw new CodedError(code, `expected ${name} FILE, got ${words.length} words behind ${name}`);
}

/** @throws {CodedError} The file's own code: it cannot be read, is no JSON object, or has a key that nobody knows. */
export function readObjectFile(path: string, kind: FileKind): JsonObject {
  let file: unknown;
  try {
    file = JSON.parse(readText(path, kind));
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw invalidFile(path, kind, (cause as Error).message, cause);
  }
  if (!isObject(file)) throw invalidFile(path, kind, `expected an object such as ${kind.example}`);
  const unknown = Object.keys(file).find((key) => !kind.keys.includes(key));
  if (unknown === undefined) return file;
  throw invalidFile(path, kind, `unknown key ${unknown}; known: ${kind.keys.join(', ')}`);
}

function readText(path: string, { code }: FileKind): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodedError(code, `cannot read the file: ${(cause as Error).message}`, { path }, { cause });
  }
}

/**
 * The transaction that the node will read out of a body, which is what is signed.
 * @param problem - The first place where the body has another shape than the node's schema says.
 * @param read - As the node reads it.
 * @throws {CodedError} The file's own code, with the place.
 */
export function transactionIn(
  path: string,
  kind: FileKind,
  problem: BodyProblem | undefined,
  read: () => Verdict<Uint8Array, BodyCode>,
): Transaction {
  if (problem !== undefined) throw invalidFile(path, kind, problemText(problem));
  const bytes = read();
  if (!bytes.ok) {
    const problems = bytes.details?.problems as readonly BodyProblem[] | undefined;
    throw invalidFile(path, kind, problems?.map(problemText).join('; ') ?? bytes.message);
  }
  const decoded = decodeTransaction(bytes.value);
  assert(decoded.ok, 'what was just encoded decodes');
  return decoded.value.transaction;
}

function problemText({ path, message }: BodyProblem): string {
  return `${path}: ${message}`;
}

export function invalidFile(
  path: string,
  { holds, code }: FileKind,
  reason: string,
  cause?: unknown,
): CodedError {
  return new CodedError(code, `${path} holds no ${holds}: ${reason}`, { path }, { cause });
}

/** The address of a funded account that a file calls by its number; anything else as it stands. */
export function resolveAccount(party: unknown, devnet: DevnetDescription): unknown {
  return /^[0-9]{1,3}$/.test(String(party)) ? accountOf(devnet, Number(party)).address : party;
}

/** The signatures of the sender and of all who sign beside him. @throws {CodedError} `ACCOUNT_NOT_FUNDED`. */
export function signatures(transaction: Transaction, { accounts }: DevnetDescription) {
  const { from, chainId, body } = transaction;
  const message = cosigningBytes(chainId, body);
  return {
    signature: toHex(signTransactionAsEvmAccount(transaction, keyOf(from, accounts)).auth.signature),
    signers: cosignersOf(body).map((address) => ({
      address,
      signature: toHex(signAsEvmAccount(keyOf(address, accounts), message)),
    })),
  };
}

/** @throws {CodedError} `ACCOUNT_NOT_FUNDED`: the devnet has given away no key of this address. */
export function keyOf(owner: string, accounts: readonly FundedAccount[]): Uint8Array {
  const account = accounts.find(({ address }) => address === owner.toLowerCase());
  if (account !== undefined) return fromHex(account.private_key);
  throw new CodedError('ACCOUNT_NOT_FUNDED', `${owner} has to sign and is no funded account of the devnet`);
}

export function drawId(): Hash {
  return toHex(randomBytes(32));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
