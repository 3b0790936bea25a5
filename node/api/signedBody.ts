/**
 * What the JSON of signed transactions has in common: fields, who signs, and refusals beyond what a schema says. What is
 * signed are the transaction's own bytes, so a node that reads such a body needs no key and changes nothing.
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { isKeyAddress, signatureBytesOf } from '../../consensus/primitives/address.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { accept, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Amount, type Hash } from '../../consensus/primitives/flavor.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import { SIGNERS_MAX } from '../../settlement/atomic/codec.ts';
import { encodeTransaction } from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { closed, heightField } from './fields.ts';

export const idField = (description: string) =>
  Type.String({ pattern: '^0x[0-9a-fA-F]{64}$', description: `${description}; 32 bytes as hex` });
export const accountField = (description: string) =>
  Type.String({
    pattern: '^0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$',
    description: `${description}: an ed25519 key (32 bytes) or an EVM address (20 bytes)`,
  });
export const signatureField = (description: string) =>
  Type.String({
    pattern: '^0x(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{130})$',
    description: `${description}: 64 bytes of ed25519, or r, s (the low one) and recovery bit 0 or 1 of secp256k1`,
  });
export const assetField = Type.String({ pattern: '^[!-~]{1,32}$' });
export const givenAmountField = Type.Union(
  [Type.String({ pattern: '^[0-9]{1,39}$' }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })],
  { description: 'smallest units, below 2^128' },
);

const nonceField = Type.Integer({
  ...heightField,
  description: 'of the sender: `next_nonce` of GET /accounts/:address',
});

/** Who signs beside the sender. @param what - Is sent. @param cosigner - Whoever may sign. */
export const signersField = (what: string, cosigner: string) =>
  Type.Optional(
    Type.Array(
      Type.Object(
        {
          address: accountField(cosigner),
          signature: signatureField('over chain id and body, whoever sends them'),
        },
        closed,
      ),
      { maxItems: SIGNERS_MAX, description: `who authorises the ${what} beside the sender` },
    ),
  );

/** Who sends it, and who signs. @param what - Is sent. @param cosigner - Whoever may sign beside the sender. */
export const signingFields = (what: string, cosigner: string) => ({
  sender: accountField(`who sends the ${what} and takes the nonce`),
  nonce: nonceField,
  signature: signatureField(
    'of the sender over the transaction (docs/api.md, signing a batch); an EVM account signs its SHA-256',
  ),
  signers: signersField(what, cosigner),
});

const signedSchema = Type.Object(signingFields('body', 'a signer'));
type Signed = Static<typeof signedSchema>;

export type BodyCode = 'REQUEST_INVALID' | 'PROOF_FORM_INVALID';

/** Wrong beyond what the schema says. */
export class BodyError extends Error {
  readonly code: BodyCode;
  readonly path: string;

  constructor(path: string, message: string, code: BodyCode = 'REQUEST_INVALID') {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** What is wrong with a body, and where, as a JSON pointer. */
export interface BodyProblem {
  readonly path: string;
  readonly message: string;
}

/** The first place where JSON has another shape than a schema says. */
export function findProblem(schema: TSchema, json: unknown): BodyProblem | undefined {
  for (const { path, message } of Value.Errors(schema, json)) return { path, message };
  return undefined;
}

/** What a body does, and the signatures of those who authorise it beside whoever sends it. */
export interface Cosigned<Body> {
  readonly body: Body;
  /** One for each of them, ascending by address. */
  readonly cosignatures: readonly Signature[];
}

/**
 * What a body does, for a sender who is told by whatever carries it.
 * @param bodyOf - As for `readSigned`.
 */
export function readCosigned<Body>(
  signers: Signed['signers'],
  bodyOf: (signers: readonly Address[]) => Body,
): Verdict<Cosigned<Body>, BodyCode> {
  return readBody(() => cosigned(signers, bodyOf));
}

/**
 * The signed transaction that a body stands for, whatever its signatures are worth.
 * @param bodyOf - What it does, for those who sign beside the sender, ascending; may throw `BodyError`.
 * @returns Its bytes; or a refusal whose details name the place.
 */
export function readSigned(
  given: Signed,
  { chainId, expiresAtHeight }: { readonly chainId: Hash; readonly expiresAtHeight: number },
  bodyOf: (signers: readonly Address[]) => TransactionBody,
): Verdict<Uint8Array, BodyCode> {
  return readBody(() => {
    const from = given.sender.toLowerCase();
    const { body, cosignatures } = cosigned(given.signers, bodyOf);
    return encodeTransaction({
      chainId,
      from,
      nonce: given.nonce,
      expiresAtHeight,
      onlyAtHeight: 0,
      body,
      auth: {
        type: 'native',
        scheme: isKeyAddress(from) ? 'ed25519' : 'secp256k1',
        signature: readSignature(from, given.signature, '/signature'),
      },
      cosignatures,
    });
  });
}

function cosigned<Body>(
  signers: Signed['signers'],
  bodyOf: (signers: readonly Address[]) => Body,
): Cosigned<Body> {
  const cosigners = readSigners(signers ?? []);
  return {
    body: bodyOf(cosigners.map(({ address }) => address)),
    cosignatures: cosigners.map(({ signature }) => signature),
  };
}

function readBody<Value>(read: () => Value): Verdict<Value, BodyCode> {
  try {
    return accept(read());
  } catch (cause) {
    if (!(cause instanceof BodyError)) throw cause;
    return refuseBody(cause);
  }
}

function refuseBody({ code, path, message }: BodyError): Refusal<BodyCode> {
  const what =
    code === 'REQUEST_INVALID' ? 'the request does not have the documented shape' : `${path}: ${message}`;
  return refuse(code, what, { problems: [{ path, message }] });
}

/** @throws {BodyError} It does not fit into 128 bits. */
export function readAmount(given: string | number, path: string): Amount {
  const amount = BigInt(given);
  if (amount > AMOUNT_MAX) throw new BodyError(path, 'expected an amount below 2^128');
  return amount;
}

/** @throws {BodyError} It is not as long as those of its signer. */
export function readSignature(address: Address, hex: string, path: string): Uint8Array {
  const bytes = fromHex(hex.toLowerCase());
  const expected = signatureBytesOf(address);
  if (bytes.length === expected) return bytes;
  throw new BodyError(path, `expected ${expected} bytes for ${address}, got ${bytes.length}`);
}

/** Ascending by address, as transactions have them. @throws {BodyError} One of them comes twice. */
export function sortAccounts<Item extends { readonly address: Address }>(
  items: readonly Item[],
  pathOf: (index: number) => string,
  what: string,
): Item[] {
  const order = items.map((item, index) => ({ item, index }));
  order.sort((a, b) =>
    a.item.address < b.item.address ? -1 : a.item.address > b.item.address ? 1 : a.index - b.index,
  );
  for (const [at, { item, index }] of order.entries()) {
    if (order[at - 1]?.item.address === item.address)
      throw new BodyError(pathOf(index), `expected each ${what} once`);
  }
  return order.map(({ item }) => item);
}

function readSigners(signers: NonNullable<Signed['signers']>) {
  const read = signers.map(({ address: given, signature }, index) => {
    const address = given.toLowerCase();
    return { address, signature: readSignature(address, signature, `/signers/${index}/signature`) };
  });
  return sortAccounts(read, (index) => `/signers/${index}/address`, 'signer');
}
