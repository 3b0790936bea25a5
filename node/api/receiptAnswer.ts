/** The receipt of a settlement as answers show it. */
import { type Static, type TLiteral, Type } from '@sinclair/typebox';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { settlementKinds } from '../../settlement/atomic/codec.ts';
import type { SettlementKind, SettlementReceipt } from '../../settlement/atomic/types.ts';
import {
  addressExample,
  addressField,
  amountField,
  closed,
  hashExample,
  hashField,
  heightField,
  timeField,
} from './fields.ts';

/** What a request takes its money from. */
export const kindField = Type.Union(
  settlementKinds.map((kind): TLiteral<SettlementKind> => Type.Literal(kind)),
);

export const receiptSchema = Type.Object(
  {
    id: hashField,
    batch: Type.Optional(hashField),
    from: addressField,
    to: addressField,
    asset: Type.String(),
    gross: amountField,
    net: amountField,
    fee: amountField,
    kind: kindField,
    height: heightField,
    timestamp_ms: timeField,
  },
  closed,
);

export const receiptExample = {
  id: hashExample,
  batch: hashExample,
  from: addressExample,
  to: addressExample,
  asset: 'TNZO',
  gross: '1000000000000000000',
  net: '995000000000000000',
  fee: '5000000000000000',
  kind: 'immediate',
  height: 6,
  timestamp_ms: 10_000,
};

/** The receipt as it stands in an answer. */
export function showReceipt(receipt: SettlementReceipt): Static<typeof receiptSchema> {
  return {
    id: receipt.settlementId,
    // The close of a channel may have none.
    ...(receipt.batchId === ZERO_HASH ? {} : { batch: receipt.batchId }),
    from: receipt.from,
    to: receipt.to,
    asset: receipt.asset,
    gross: String(receipt.gross),
    net: String(receipt.net),
    fee: String(receipt.fee),
    kind: receipt.kind,
    height: receipt.blockHeight,
    timestamp_ms: receipt.timestampMs,
  };
}
