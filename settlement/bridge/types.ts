/** Shapes of cross-chain transfers on the sidechain, which alone decides how each ends. Amounts are smallest units. */
import type { Address, Amount, Hash, Height, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { NetAmount } from '../net/settlement.ts';
import type { CrossChainCode } from './codes.ts';

/** The sender pays an account of the settlement chain. */
export interface CrossChainSendOperation {
  readonly type: 'cross_chain_send';
  /** Chosen by the sender; one transfer on a chain has it, for good. */
  readonly transferId: Hash;
  /** On the settlement chain. */
  readonly to: Address;
  readonly asset: string;
  /** Gross: each chain withholds its network fee, the second on the net of the first. */
  readonly amount: Amount;
  /** Settlement-chain blocks after the origin of the block that executes it, within which the amount must lie locked there. */
  readonly timeoutBlocks: number;
}

/**
 * `open`: held here, and nothing is decided. `completing` and `refunding`: decided and done here, and the settlement chain
 * has yet to follow. `completed` and `refunded`: both sides are done.
 */
export type CrossChainState = 'open' | 'completing' | 'refunding' | 'completed' | 'refunded';

/** A transfer's row; it stays, as the receipt and as the mark that its id is used. */
export interface CrossChainTransfer {
  /** Says which way it goes: ids of inbound transfers are numbers. */
  readonly transferId: Hash;
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  /** Gross. */
  readonly amount: Amount;
  readonly sidechainFee: Amount;
  /** Zero while the settlement chain has not said it. */
  readonly settlementFee: Amount;
  readonly deadlineHeight: SettlementHeight;
  readonly state: CrossChainState;
  /** Why it is refunded. */
  readonly reason: CrossChainCode | undefined;
  /** Place of its next action in the queue, while it waits there. */
  readonly queuePosition: number | undefined;
  readonly openedAtHeight: Height;
}

/** One row, absent while no transfer was ever made. */
export interface CrossChainCounters {
  /** Outbound transfers whose two sides are not done both. */
  readonly openCount: number;
  /** Of the queue: the oldest action that may still wait, and the next to come. */
  readonly firstPosition: number;
  readonly nextPosition: number;
  /** What came over the bridge less what left, by asset. */
  readonly bridged: readonly NetAmount[];
}

export type CrossChainDirection = 'outbound' | 'inbound';
export type CrossChainOutcome = 'complete' | 'refund';

/** What a block brought to light about transfers. */
export type CrossChainFact =
  | {
      readonly type: 'cross_chain_opened';
      readonly transferId: Hash;
      readonly from: Address;
      readonly to: Address;
      readonly asset: string;
      readonly amount: Amount;
      readonly deadlineHeight: SettlementHeight;
    }
  | {
      readonly type: 'cross_chain_decided';
      readonly transferId: Hash;
      readonly direction: CrossChainDirection;
      readonly outcome: CrossChainOutcome;
      readonly reason: CrossChainCode | undefined;
      readonly asset: string;
      readonly amount: Amount;
      /** What the sidechain withheld. */
      readonly fee: Amount;
      /** What came over the bridge with this decision; below zero, what left; zero for a refund. */
      readonly bridged: bigint;
    }
  | {
      readonly type: 'cross_chain_closed';
      readonly transferId: Hash;
      readonly direction: CrossChainDirection;
      readonly outcome: CrossChainOutcome;
    };
