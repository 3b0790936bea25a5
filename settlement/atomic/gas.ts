/**
 * What a batch costs to execute, known from its bytes alone. One gas stands for one microsecond on the reference machine
 * (docs/performance.md), rounded up, so that a block full of batches is executed within half of `consensus.delta_ms`.
 */
import { utf8ByteCount } from '../../consensus/primitives/bytes.ts';
import type { ChannelOperation } from './channelTypes.ts';
import { proofGas } from './proofs/proofGas.ts';
import type { AtomicBatchOperation } from './types.ts';

/** Decoding the envelope, the record of the batch and its row. */
const GAS_BATCH = 30;
/** Decoding a request, two balances, a receipt and its row. */
const GAS_REQUEST = 15;
/** The row of a channel, and the account of its payer. */
const GAS_CHANNEL_CLOSE = 5;
/** Of a request with a last height: the id of its order. */
const GAS_LAST_HEIGHT = 5;
/** One verification: secp256k1, which costs more than ed25519. */
const GAS_SIGNATURE = 80;
/** Text is copied and hashed: a microsecond buys this many bytes at least. */
const METADATA_BYTES_PER_GAS = 100;

/** Gas of a batch, whatever becomes of it. */
export function atomicBatchGas({ batch, signers }: AtomicBatchOperation): number {
  let metadataBytes = 0;
  let proofsGas = 0;
  let closeCount = 0;
  let lastHeightCount = 0;
  for (const { metadata, proof, kind, lastHeight } of batch.requests) {
    metadataBytes += utf8ByteCount(metadata);
    if (proof !== undefined) proofsGas += proofGas(proof);
    if (kind === 'channel_close') closeCount += 1;
    if (lastHeight !== undefined) lastHeightCount += 1;
  }
  return (
    GAS_BATCH +
    GAS_REQUEST * batch.requests.length +
    GAS_CHANNEL_CLOSE * closeCount +
    GAS_LAST_HEIGHT * lastHeightCount +
    GAS_SIGNATURE * (1 + signers.length) +
    Math.ceil(metadataBytes / METADATA_BYTES_PER_GAS) +
    proofsGas
  );
}

/** Gas of an operation on a channel: that of the signatures which it brings beside its sender's. */
export function channelGas(operation: ChannelOperation): number {
  if (operation.type === 'channel_close') return GAS_SIGNATURE * operation.signers.length;
  return 'voucher' in operation && operation.voucher !== undefined ? GAS_SIGNATURE : 0;
}
