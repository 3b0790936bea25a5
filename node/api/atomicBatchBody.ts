/**
 * The body of `POST /atomic-batches`, and the transaction it stands for: an `atomic_batch` that any block may hold. What is
 * signed are the transaction's own bytes, so the node needs no key and changes nothing.
 */
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { isKeyAddress, signatureBytesOf } from '../../consensus/primitives/address.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Hash } from '../../consensus/primitives/flavor.ts';
import { METADATA_BYTES_MAX, REQUESTS_DECODED_MAX, SIGNERS_MAX } from '../../settlement/atomic/codec.ts';
import { proofJsonSchema, readProofJson } from '../../settlement/atomic/proofs/proofJson.ts';
import type { SettlementRequest } from '../../settlement/atomic/types.ts';
import { encodeTransaction } from '../../settlement/execution/transaction.ts';
import { addressExample, closed, hashExample, heightField } from './fields.ts';
import { kindField } from './receiptAnswer.ts';

const idField = (description: string) =>
  Type.String({ pattern: '^0x[0-9a-fA-F]{64}$', description: `${description}; 32 bytes as hex` });
const accountField = (description: string) =>
  Type.String({
    pattern: '^0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$',
    description: `${description}: an ed25519 key (32 bytes) or an EVM address (20 bytes)`,
  });
const signatureField = (description: string) =>
  Type.String({
    pattern: '^0x(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{130})$',
    description: `${description}: 64 bytes of ed25519, or r, s (the low one) and recovery bit 0 or 1 of secp256k1`,
  });

const requestField = Type.Object(
  {
    settlement_id: idField('drawn at random; settles once on a chain'),
    from: accountField('who pays, or the id of an escrow or a channel'),
    to: accountField('who gets it, less the network fee'),
    amount: Type.Union(
      [
        Type.String({ pattern: '^[0-9]{1,39}$' }),
        Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      ],
      { description: 'smallest units, below 2^128' },
    ),
    asset: Type.String({ pattern: '^[!-~]{1,32}$' }),
    kind: Type.Optional(kindField),
    proof: Type.Optional(Type.Unknown({ ...proofJsonSchema })),
    metadata: Type.Optional(
      Type.String({ description: `text of at most ${METADATA_BYTES_MAX} bytes that nobody reads` }),
    ),
  },
  closed,
);

export const atomicBatchBodySchema = Type.Object(
  {
    batch_id: idField('drawn at random; stands for one batch on a chain'),
    expires_at_height: Type.Integer({
      ...heightField,
      description:
        'last height of a block that may execute it, at most `atomic_batches.timeout_blocks` ahead',
    }),
    requests: Type.Array(requestField, {
      maxItems: REQUESTS_DECODED_MAX,
      description: 'settled in this order, all or none',
    }),
    sender: accountField('who sends the batch and takes the nonce'),
    nonce: Type.Integer({
      ...heightField,
      description: 'of the sender: `next_nonce` of GET /accounts/:address',
    }),
    signature: signatureField(
      'of the sender over the transaction (docs/api.md, signing a batch); an EVM account signs its SHA-256',
    ),
    signers: Type.Optional(
      Type.Array(
        Type.Object(
          {
            address: accountField('a payer, whoever releases from an escrow, or both sides of a channel'),
            signature: signatureField('over chain id and body, whoever sends them'),
          },
          closed,
        ),
        { maxItems: SIGNERS_MAX, description: 'who authorises the batch beside the sender' },
      ),
    ),
  },
  closed,
);

export type AtomicBatchBody = Static<typeof atomicBatchBodySchema>;

export const atomicBatchBodyExample: AtomicBatchBody = {
  batch_id: hashExample,
  expires_at_height: 20,
  requests: [
    {
      settlement_id: `0x${'7e'.repeat(32)}`,
      from: addressExample,
      to: `0x${'11'.repeat(20)}`,
      amount: '1000000000000000000',
      asset: 'TNZO',
      kind: 'immediate',
      metadata: 'invoice 17',
    },
  ],
  sender: addressExample,
  nonce: 0,
  signature: `0x${'00'.repeat(65)}`,
};

/** The first place where JSON has another shape than a body, for those who make one. */
export function findBodyProblem(
  json: unknown,
): { readonly path: string; readonly message: string } | undefined {
  for (const { path, message } of Value.Errors(atomicBatchBodySchema, json)) return { path, message };
  return undefined;
}

type BodyCode = 'REQUEST_INVALID' | 'PROOF_FORM_INVALID';

/** Wrong beyond what the schema says. */
class BodyError extends Error {
  readonly code: BodyCode;
  readonly path: string;

  constructor(path: string, message: string, code: BodyCode = 'REQUEST_INVALID') {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/**
 * The signed transaction that a body stands for, whatever its signatures are worth.
 * @returns Its bytes; or a refusal whose details name the place.
 */
export function readAtomicBatchBody(body: AtomicBatchBody, chainId: Hash): Verdict<Uint8Array, BodyCode> {
  try {
    return accept(encodeBody(body, chainId));
  } catch (cause) {
    if (!(cause instanceof BodyError)) throw cause;
    const { code, path, message } = cause;
    const what =
      code === 'REQUEST_INVALID' ? 'the request does not have the documented shape' : `${path}: ${message}`;
    return refuse(code, what, { problems: [{ path, message }] });
  }
}

function encodeBody(body: AtomicBatchBody, chainId: Hash): Uint8Array {
  const from = body.sender.toLowerCase();
  const cosigners = readSigners(body.signers ?? []);
  const batch = {
    batchId: body.batch_id.toLowerCase(),
    expiresAtHeight: body.expires_at_height,
    requests: body.requests.map(readRequest),
  };
  return encodeTransaction({
    chainId,
    from,
    nonce: body.nonce,
    expiresAtHeight: 0,
    onlyAtHeight: 0,
    body: { type: 'atomic_batch', batch, signers: cosigners.map(({ address }) => address) },
    auth: {
      type: 'native',
      scheme: isKeyAddress(from) ? 'ed25519' : 'secp256k1',
      signature: readSignature(from, body.signature, '/signature'),
    },
    cosignatures: cosigners.map(({ signature }) => signature),
  });
}

/** Ascending by address, as the transaction has them. */
function readSigners(signers: NonNullable<AtomicBatchBody['signers']>) {
  const read = signers.map(({ address: given, signature }, index) => {
    const address = given.toLowerCase();
    return { address, signature: readSignature(address, signature, `/signers/${index}/signature`), index };
  });
  read.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.index - b.index));
  for (const [at, { address, index }] of read.entries()) {
    if (read[at - 1]?.address === address)
      throw new BodyError(`/signers/${index}/address`, 'expected each signer once');
  }
  return read;
}

function readSignature(address: Address, hex: string, path: string): Uint8Array {
  const bytes = fromHex(hex.toLowerCase());
  const expected = signatureBytesOf(address);
  if (bytes.length === expected) return bytes;
  throw new BodyError(path, `expected ${expected} bytes for ${address}, got ${bytes.length}`);
}

function readRequest(request: AtomicBatchBody['requests'][number], index: number): SettlementRequest {
  const at = `/requests/${index}`;
  const { metadata = '', asset, kind = 'immediate' } = request;
  const amount = BigInt(request.amount);
  if (amount > AMOUNT_MAX) throw new BodyError(`${at}/amount`, 'expected an amount below 2^128');
  if (Buffer.byteLength(metadata) > METADATA_BYTES_MAX)
    throw new BodyError(`${at}/metadata`, `expected text of at most ${METADATA_BYTES_MAX} bytes`);
  const common = {
    settlementId: request.settlement_id.toLowerCase(),
    from: request.from.toLowerCase(),
    to: request.to.toLowerCase(),
    amount,
    asset,
    kind,
    metadata,
  };
  if (request.proof === undefined) return common;
  const proof = readProofJson(request.proof);
  if (!proof.ok) throw new BodyError(`${at}/proof`, proof.message, proof.code);
  return { ...common, proof: proof.value };
}
