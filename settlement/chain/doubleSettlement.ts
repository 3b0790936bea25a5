/**
 * Evidence that a proposer settled twice: two signed settlement transactions of one (batch, attempt) that differ in
 * more than a replacement may (docs/protocol.md, agreement). Fees, certificate, the headers after the sealing one, and
 * the signature may differ; everything else follows from the state, so an honest proposer never says it twice.
 */
import { writeHeader } from '../../consensus/block.ts';
import { DecodeError, encode, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import { writeNetBatchContent } from '../net/commitment.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { writeSettlementActions } from '../net/settlementBlock.ts';
import {
  decodeSettlementTransaction,
  encodeSettlementTransaction,
  SETTLEMENT_TRANSACTION_BYTES_MAX,
  settlementSigningBytes,
} from './transactionCodec.ts';

export interface DoubleSettlement {
  /** Ordered by content digest, so each pair has one encoding. */
  readonly first: SettlementTransaction;
  readonly second: SettlementTransaction;
}

/** What all versions of one (proposer, batch, attempt) must have in common. */
export function settlementContentDigest(transaction: SettlementTransaction): Hash {
  const [sealing] = transaction.headers;
  return hashBytes(
    'settlementTransaction',
    encode((writer) => {
      writer.hash(transaction.chainId);
      writeNetBatchContent(writer, transaction);
      writeSettlementActions(writer, transaction.actions);
      writer.boolean(sealing !== undefined);
      if (sealing !== undefined) writeHeader(writer, sealing);
    }, 512),
  );
}

/** Two transactions of one sidechain, proposer, batch and attempt that do not say the same. */
export function isDoubleSettlement(a: SettlementTransaction, b: SettlementTransaction): boolean {
  return (
    a.chainId === b.chainId &&
    a.proposer === b.proposer &&
    a.seq === b.seq &&
    a.attempt === b.attempt &&
    settlementContentDigest(a) !== settlementContentDigest(b)
  );
}

export function createDoubleSettlement(a: SettlementTransaction, b: SettlementTransaction): DoubleSettlement {
  return settlementContentDigest(a) < settlementContentDigest(b)
    ? { first: a, second: b }
    : { first: b, second: a };
}

export function writeDoubleSettlement(writer: Writer, { first, second }: DoubleSettlement): void {
  for (const transaction of [first, second]) {
    writer.bytes(encodeSettlementTransaction(transaction), SETTLEMENT_TRANSACTION_BYTES_MAX);
  }
}

export function readDoubleSettlement(reader: Reader): DoubleSettlement {
  return { first: readOne(reader), second: readOne(reader) };
}

/** Identity of the fault: both contents with their proposer, batch and attempt; no fees, no signature. */
export function doubleSettlementId({ first, second }: DoubleSettlement): Hash {
  return hashBytes(
    'evidence',
    encode((writer) => {
      writer.u16(first.proposer).u64(first.seq).u32(first.attempt);
      writer.hash(settlementContentDigest(first)).hash(settlementContentDigest(second));
    }, 96),
  );
}

/** Checks that the two contradict each other, are in order, and were both signed by their proposer for this chain. */
export function verifyDoubleSettlement(
  settlements: DoubleSettlement,
  options: { readonly chainId: Hash; readonly validators: ValidatorSet },
  verifier: Verifier,
): Verdict<DoubleSettlement, 'EVIDENCE_NOT_EQUIVOCATION' | 'EVIDENCE_SIGNATURE_INVALID'> {
  const { first, second } = settlements;
  const isOurs = first.chainId === options.chainId && options.validators.has(first.proposer);
  if (!isOurs || !isDoubleSettlement(first, second)) {
    return refuse('EVIDENCE_NOT_EQUIVOCATION', 'the two settlements may stand beside each other');
  }
  if (settlementContentDigest(first) >= settlementContentDigest(second)) {
    return refuse('EVIDENCE_NOT_EQUIVOCATION', 'the two settlements are not in order');
  }
  const { publicKey } = options.validators.at(first.proposer);
  for (const transaction of [first, second]) {
    if (!verifier.verify(publicKey, settlementSigningBytes(transaction), transaction.signature)) {
      return refuse(
        'EVIDENCE_SIGNATURE_INVALID',
        `validator ${transaction.proposer} did not sign this settlement`,
      );
    }
  }
  return accept(settlements);
}

function readOne(reader: Reader): SettlementTransaction {
  const decoded = decodeSettlementTransaction(reader.bytes(SETTLEMENT_TRANSACTION_BYTES_MAX));
  if (!decoded.ok) throw new DecodeError(decoded.message);
  return decoded.value;
}
