/** The body of `POST /atomic-batches` for a signed transaction that carries a batch. */
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import type { AtomicBatchBody } from '../../node/api/atomicBatchBody.ts';
import { proofToJson } from '../../settlement/atomic/proofs/proofJson.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';

/** @param signed - The transaction in its encoding, or that as hex. */
export function atomicBatchJson(signed: Uint8Array | string): AtomicBatchBody {
  const decoded = decodeTransaction(typeof signed === 'string' ? fromHex(signed) : signed);
  if (!decoded.ok) throw new Error(decoded.message);
  const { from, nonce, body, auth, cosignatures = [] } = decoded.value.transaction;
  if (body.type !== 'atomic_batch') throw new Error('a batch');
  const { batchId, expiresAtHeight, requests } = body.batch;
  return {
    batch_id: batchId,
    expires_at_height: expiresAtHeight,
    requests: requests.map(({ settlementId, amount, lastHeight, proof, ...rest }) => ({
      ...rest,
      settlement_id: settlementId,
      amount: String(amount),
      ...(lastHeight === undefined ? {} : { last_height: lastHeight }),
      ...(proof === undefined ? {} : { proof: proofToJson(proof) }),
    })),
    sender: from,
    nonce,
    signature: toHex(auth.signature),
    signers: body.signers.map((address, index) => ({
      address,
      signature: toHex(cosignatures[index] ?? new Uint8Array()),
    })),
  };
}
