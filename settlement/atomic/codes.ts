/** Codes with which atomic settlement refuses or fails, and what they mean; docs/errors.md is made from this table. */
import { type Refusal, refuse } from '../../consensus/primitives/codedError.ts';

export const atomicCodes = {
  AMOUNT_ZERO: 'a settlement moves more than nothing',
  BATCH_ALREADY_EXECUTED: 'this very batch ended before; its first result stands',
  BATCH_EMPTY: 'an atomic batch holds at least one request',
  BATCH_EXPIRY_TOO_FAR: 'the last height of the batch is further ahead than a batch may wait',
  BATCH_GAS_TOO_HIGH: 'executing the batch costs more gas than a block has for batches',
  BATCH_ID_TAKEN: 'another batch has this id',
  BATCH_TIMEOUT: 'the last height at which the batch may be executed has passed; nothing changed',
  BATCH_TOO_LARGE: 'the batch holds more requests than allowed',
  BATCH_TOO_MANY_ACCOUNTS: 'the batch touches more distinct accounts than allowed',
  BATCH_VALUE_TOO_HIGH: 'the batch moves more of an asset than allowed',
  BLOCK_GAS_FULL: 'the batches of the block have no gas left for this one',
  CHANNEL_ALREADY_CLOSING: 'one side has begun to close the channel',
  CHANNEL_AMOUNT_ABOVE_DEPOSIT: 'the payee would get more than the channel holds',
  CHANNEL_AMOUNT_FALLS: 'the voucher has a higher nonce than the best one shown, and promises less',
  CHANNEL_ASSET_OTHER: 'the channel holds another asset than the settlement asks for',
  CHANNEL_CLOSED: 'the channel was closed and settled',
  CHANNEL_DISPUTE_OPEN: 'the dispute window of the channel is still open',
  CHANNEL_DISPUTE_OVER: 'the dispute window of the channel is over',
  CHANNEL_EXISTS: 'a channel has, or had, this id',
  CHANNEL_EXPIRED: 'the last height of the channel has passed',
  CHANNEL_NONCE_INVALID: 'the nonce of a voucher is a whole number from 1 to 2^53 - 1',
  CHANNEL_NOT_CLOSING: 'neither side has begun to close the channel, and its last height has not passed',
  CHANNEL_NOT_PARTY: 'only payer and payee of the channel may do this',
  CHANNEL_PAYEE_OTHER: 'the channel pays somebody else',
  CHANNEL_SIGNER_OTHER: 'the voucher is signed by somebody else than the payer of the channel',
  CHANNEL_UNKNOWN: 'there never was a channel of this id',
  CHANNEL_VOUCHER_STALE: 'a voucher as good as this one or better was shown before',
  DUPLICATE_SETTLEMENT_ID: 'two requests of the batch have one settlement id',
  ESCROW_ASSET_OTHER: 'the escrow holds another asset than the settlement asks for',
  ESCROW_EXISTS: 'an open escrow has this id',
  ESCROW_EXPIRED: 'the last height of the escrow has passed',
  ESCROW_NOT_EXPIRED: 'the escrow may be released from until its last height, so it is not refunded yet',
  ESCROW_THRESHOLD_INVALID: 'the threshold is zero, above the number of parties, or there are no parties',
  ESCROW_UNKNOWN: 'no open escrow has this id',
  FEE_PROPOSALS_TOO_MANY: 'the validator has as many proposals open as one may have',
  FEE_PROPOSAL_ENDED: 'the time to vote on the proposal is over',
  FEE_PROPOSAL_EXISTS: 'a proposal has this id, open or ended',
  FEE_PROPOSAL_OTHER: 'the proposal of this id is about another fee than the vote',
  FEE_PROPOSAL_TOO_HIGH: 'a network fee is at most the whole, 10000 bps',
  FEE_PROPOSAL_UNKNOWN: 'no proposal has this id',
  FEE_PROPOSER_NOT_BONDED:
    'only a validator that has stake, and is neither jailed nor tombstoned, proposes a fee',
  INSUFFICIENT_BALANCE:
    'the payer, or the escrow, has less of the asset, when its turn comes, than the settlement takes',
  ORDER_EXPIRED: 'the last height of the order has passed, so no block settles it any more',
  ORDER_ID_OTHER:
    'only an order has a last height, and the id of this settlement is not the id of that order',
  PARTIAL_EXECUTION: 'a settlement failed after others of the batch had succeeded; all were undone',
  PROOF_VERIFICATION_FAILED: 'a settlement is not proven or authorised as it must be',
  SELF_PAYMENT: 'a settlement needs two accounts',
  SETTLEMENT_ALREADY_SETTLED: 'a settlement with this id is on the chain already',
  SETTLEMENT_ID_RESERVED: 'settlement ids that begin with 0xffffffff are those the chain itself gives',
  TREASURY_APPROVED_ALREADY: 'this keeper approved the withdrawal before; a keeper counts once',
  TREASURY_EXPIRY_TOO_FAR: 'the last height of the withdrawal is further ahead than a proposal may wait',
  TREASURY_KEEPER_ONLY: 'only a keeper of the treasury proposes and approves withdrawals',
  TREASURY_WITHDRAWALS_TOO_MANY: 'the keeper has as many proposed withdrawals open as one may have',
  TREASURY_WITHDRAWAL_EXISTS: 'an open withdrawal has this id',
  TREASURY_WITHDRAWAL_EXPIRED: 'the last height of the withdrawal has passed',
  TREASURY_WITHDRAWAL_OTHER:
    'the withdrawal of this id is of another asset, amount or recipient than was approved',
  TREASURY_WITHDRAWAL_PAID: 'the withdrawal of this id was paid; it is paid once',
  TREASURY_WITHDRAWAL_UNKNOWN: 'no withdrawal has this id; one that expired is gone',
} as const;

export type AtomicCode = keyof typeof atomicCodes;

/** A refusal whose message is the meaning of its code; what varies stands in `details`, amounts as decimal strings. */
export function refuseAtomic<Code extends AtomicCode>(
  code: Code,
  details?: Readonly<Record<string, unknown>>,
): Refusal<Code> {
  return refuse(code, atomicCodes[code], details);
}
