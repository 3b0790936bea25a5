/** The body of `POST /atomic-batches`, and the transaction it stands for: an `atomic_batch` that any block may hold. */
import { type Static, Type } from '@sinclair/typebox';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import { METADATA_BYTES_MAX, REQUESTS_DECODED_MAX } from '../../settlement/atomic/codec.ts';
import { proofJsonSchema, readProofJson } from '../../settlement/atomic/proofs/proofJson.ts';
import type { AtomicBatchOperation, SettlementRequest } from '../../settlement/atomic/types.ts';
import { addressExample, closed, hashExample, heightField } from './fields.ts';
import { kindField } from './receiptAnswer.ts';
import {
  accountField,
  assetField,
  type BodyCode,
  BodyError,
  type Cosigned,
  findProblem,
  givenAmountField,
  idField,
  readAmount,
  readCosigned,
  readSigned,
  signersField,
  signingFields,
} from './signedBody.ts';

const requestField = Type.Object(
  {
    settlement_id: idField('drawn at random; settles once on a chain'),
    from: accountField('who pays, or the id of an escrow or a channel'),
    to: accountField('who gets it, less the network fee'),
    amount: givenAmountField,
    asset: assetField,
    kind: Type.Optional(kindField),
    proof: Type.Optional(Type.Unknown({ ...proofJsonSchema })),
    metadata: Type.Optional(
      Type.String({ description: `text of at most ${METADATA_BYTES_MAX} bytes that nobody reads` }),
    ),
    last_height: Type.Optional(
      Type.Integer({
        ...heightField,
        minimum: 1,
        description: 'of an order that has one: last height of a block that may settle it; of nothing else',
      }),
    ),
  },
  closed,
);

const batchFields = {
  batch_id: idField('drawn at random; stands for one batch on a chain'),
  expires_at_height: Type.Integer({
    ...heightField,
    description: 'last height of a block that may execute it, at most `atomic_batches.timeout_blocks` ahead',
  }),
  requests: Type.Array(requestField, {
    maxItems: REQUESTS_DECODED_MAX,
    description: 'settled in this order, all or none',
  }),
};
const cosigner = 'a payer, whoever releases from an escrow, or both sides of a channel';

export const atomicBatchBodySchema = Type.Object(
  { ...batchFields, ...signingFields('batch', cosigner) },
  closed,
);

/** A batch whose sender is told by whatever carries it. */
export const atomicBatchPartSchema = Type.Object(
  { type: Type.Literal('atomic_batch'), ...batchFields, signers: signersField('batch', cosigner) },
  closed,
);

export type AtomicBatchBody = Static<typeof atomicBatchBodySchema>;
export type AtomicBatchPart = Pick<
  AtomicBatchBody,
  'batch_id' | 'expires_at_height' | 'requests' | 'signers'
>;

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
export function findBodyProblem(json: unknown): ReturnType<typeof findProblem> {
  return findProblem(atomicBatchBodySchema, json);
}

/**
 * The signed transaction that a body stands for, whatever its signatures are worth.
 * @returns Its bytes; or a refusal whose details name the place.
 */
export function readAtomicBatchBody(body: AtomicBatchBody, chainId: Hash): Verdict<Uint8Array, BodyCode> {
  return readSigned(body, { chainId, expiresAtHeight: 0 }, (signers) => operationOf(body, signers));
}

/**
 * The batch alone, whatever its signatures are worth.
 * @param part - What `atomicBatchPartSchema` lets pass.
 * @returns Or a refusal whose details name the place.
 */
export function readAtomicBatchPart(
  part: AtomicBatchPart,
): Verdict<Cosigned<AtomicBatchOperation>, BodyCode> {
  return readCosigned(part.signers, (signers) => operationOf(part, signers));
}

function operationOf(part: AtomicBatchPart, signers: readonly Address[]): AtomicBatchOperation {
  const batch = {
    batchId: part.batch_id.toLowerCase(),
    expiresAtHeight: part.expires_at_height,
    requests: part.requests.map(readRequest),
  };
  return { type: 'atomic_batch', batch, signers };
}

function readRequest(request: AtomicBatchBody['requests'][number], index: number): SettlementRequest {
  const at = `/requests/${index}`;
  const { metadata = '', asset, kind = 'immediate', last_height: lastHeight } = request;
  const amount = readAmount(request.amount, `${at}/amount`);
  if (Buffer.byteLength(metadata) > METADATA_BYTES_MAX)
    throw new BodyError(`${at}/metadata`, `expected text of at most ${METADATA_BYTES_MAX} bytes`);
  // Half of a pair is no text: bytes would hold something else.
  if (/\p{Surrogate}/u.test(metadata)) throw new BodyError(`${at}/metadata`, 'expected well-formed Unicode');
  if (lastHeight !== undefined && kind !== 'immediate')
    throw new BodyError(`${at}/last_height`, `expected none, since only an order has one, got kind ${kind}`);
  const common = {
    settlementId: request.settlement_id.toLowerCase(),
    from: request.from.toLowerCase(),
    to: request.to.toLowerCase(),
    amount,
    asset,
    kind,
    metadata,
    ...(lastHeight === undefined ? {} : { lastHeight }),
  };
  if (request.proof === undefined) return common;
  const proof = readProofJson(request.proof);
  if (!proof.ok) throw new BodyError(`${at}/proof`, proof.message, proof.code);
  return { ...common, proof: proof.value };
}
