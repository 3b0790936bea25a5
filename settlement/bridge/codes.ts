/** Codes with which a transfer between the chains is refused or refunded; docs/errors.md is made from this table. */
import { type Refusal, refuse } from '../../consensus/primitives/codedError.ts';

/** Positions are part of the encoding of rows: append, never reorder. */
export const crossChainCodes = {
  CROSS_CHAIN_ID_RESERVED:
    'ids that begin with 24 zero bytes are those of transfers from the settlement chain',
  CROSS_CHAIN_ID_TAKEN: 'another transfer has this id',
  CROSS_CHAIN_TRANSFERS_FULL: 'as many transfers to the settlement chain are open as may be',
  CROSS_CHAIN_TIMEOUT_INVALID: 'the time-out is no number of blocks that a transfer may wait',
  CROSS_CHAIN_AMOUNT_TOO_SMALL: 'the network fee would leave nothing of the amount',
  CROSS_CHAIN_REFUSED: 'the settlement chain could not lock the amount: the bridge has too little there',
  CROSS_CHAIN_TIMED_OUT: 'the amount did not lie locked on the settlement chain in time',
  CROSS_CHAIN_ASSET_UNKNOWN: 'the sidechain has no such asset',
  CROSS_CHAIN_SUPPLY_EXCEEDED: 'the sidechain cannot hold that much of the asset',
  CROSS_CHAIN_TRANSFER_UNKNOWN: 'no transfer between the chains has this id',
} as const;

export type CrossChainCode = keyof typeof crossChainCodes;

/** A refusal whose message is the meaning of its code. */
export function refuseCrossChain<Code extends CrossChainCode>(
  code: Code,
  details?: Readonly<Record<string, unknown>>,
): Refusal<Code> {
  return refuse(code, crossChainCodes[code], details);
}
