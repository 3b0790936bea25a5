/**
 * What the two chains tell each other of cross-chain transfers: actions that a net batch carries to the settlement
 * contract, and events by which the contract answers; with their bytes. The contract holds one escrow a transfer, whichever
 * way it goes, and only an action ends it; who decides is the sidechain (settlement/bridge).
 */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Address, Amount, Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';

/**
 * Actions in one batch; the rest wait for the next. At `GAS_CROSS_CHAIN` each they stay well below
 * `settlement_gas_reserve`, so a batch still fits the blocks that count for its duty clock.
 */
export const CROSS_CHAIN_ACTIONS_MAX = 8;
/** Transfers of one direction that may be open at a time. */
export const CROSS_CHAIN_OPEN_MAX = 256;
/** Longest symbol of an asset, in bytes of UTF-8, as in a batch. */
const ASSET_BYTES_MAX = 32;

export type CrossChainAction =
  /** Set `amount` of the bridge's liquidity aside for an account of the settlement chain. */
  | {
      readonly type: 'lock';
      readonly transferId: Hash;
      readonly to: Address;
      readonly asset: string;
      readonly amount: Amount;
    }
  /** What lies in the escrow goes on: a lock to the account, a deposit to the liquidity. The network fee stays behind. */
  | { readonly type: 'complete'; readonly transferId: Hash }
  /** What lies in the escrow goes back, whole. */
  | { readonly type: 'refund'; readonly transferId: Hash };

/** What somebody locks on the settlement chain for an account of the sidechain. */
export interface CrossChainDeposit {
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  /** Gross, above zero. */
  readonly amount: Amount;
  /** Settlement-chain blocks, from the one that takes the deposit in, within which the sidechain may credit it. */
  readonly timeoutBlocks: number;
}

export type CrossChainEvent =
  /** An outbound transfer lies in escrow. */
  | {
      readonly type: 'cross_chain_locked';
      readonly transferId: Hash;
      /** What the settlement chain will keep of it. */
      readonly fee: Amount;
    }
  /** An outbound transfer does not: the liquidity is too small, or the fee would leave nothing. */
  | { readonly type: 'cross_chain_refused'; readonly transferId: Hash }
  /** An inbound transfer lies in escrow. */
  | {
      readonly type: 'cross_chain_deposited';
      readonly transferId: Hash;
      readonly from: Address;
      readonly to: Address;
      readonly asset: string;
      /** Gross. */
      readonly amount: Amount;
      /** What the settlement chain keeps of it when it completes. */
      readonly fee: Amount;
      /** Newest origin of a header that may credit it. */
      readonly deadlineHeight: SettlementHeight;
    }
  | { readonly type: 'cross_chain_completed' | 'cross_chain_refunded'; readonly transferId: Hash };

/** Ids of inbound transfers are numbers, with this in front; nobody else's id may begin so. */
const INBOUND_PREFIX = `0x${'00'.repeat(24)}`;

/** The id of the n-th deposit on the settlement chain, from 1. */
export function inboundTransferId(number: number): Hash {
  return `${INBOUND_PREFIX}${number.toString(16).padStart(16, '0')}`;
}

export function isInboundTransferId(transferId: Hash): boolean {
  return transferId.startsWith(INBOUND_PREFIX);
}

/** The position is the type's byte: append, never reorder. */
const actionTypes: readonly CrossChainAction['type'][] = ['lock', 'complete', 'refund'];

/** Writes a list that is not empty: a batch without actions has no bytes for them. */
export function writeCrossChainActions(writer: Writer, actions: readonly CrossChainAction[]): void {
  assert(actions.length > 0, 'no list of no actions');
  writer.list(actions, CROSS_CHAIN_ACTIONS_MAX, writeCrossChainAction);
}

export function readCrossChainActions(reader: Reader): readonly CrossChainAction[] {
  const actions = reader.list(CROSS_CHAIN_ACTIONS_MAX, readCrossChainAction);
  if (actions.length === 0) throw new DecodeError('an empty list of cross-chain actions');
  return actions;
}

export function writeCrossChainAction(writer: Writer, action: CrossChainAction): void {
  writer.u8(actionTypes.indexOf(action.type)).hash(action.transferId);
  if (action.type !== 'lock') return;
  writeAddress(writer, action.to);
  writer.string(action.asset, ASSET_BYTES_MAX).amount(action.amount);
}

export function readCrossChainAction(reader: Reader): CrossChainAction {
  const type = actionTypes[reader.u8()];
  const transferId = reader.hash();
  if (type === undefined) throw new DecodeError('unknown cross-chain action');
  if (type !== 'lock') return { type, transferId };
  return {
    type,
    transferId,
    to: readAddress(reader),
    asset: reader.string(ASSET_BYTES_MAX),
    amount: reader.amount(),
  };
}

/** What follows an event's type in a settlement block. */
export function writeCrossChainEvent(writer: Writer, event: CrossChainEvent): void {
  writer.hash(event.transferId);
  if (event.type === 'cross_chain_locked') writer.amount(event.fee);
  if (event.type === 'cross_chain_deposited') {
    writeCrossChainParties(writer, event);
    writer.amount(event.fee).u64(event.deadlineHeight);
  }
}

export function readCrossChainEvent(reader: Reader, type: CrossChainEvent['type']): CrossChainEvent {
  const transferId = reader.hash();
  switch (type) {
    case 'cross_chain_locked':
      return { type, transferId, fee: reader.amount() };
    case 'cross_chain_deposited':
      return {
        type,
        transferId,
        ...readCrossChainParties(reader),
        fee: reader.amount(),
        deadlineHeight: reader.u64(),
      };
    default:
      return { type, transferId };
  }
}

type Parties = Pick<CrossChainDeposit, 'from' | 'to' | 'asset' | 'amount'>;

/** Who moves what to whom. */
export function writeCrossChainParties(writer: Writer, { from, to, asset, amount }: Parties): void {
  writeAddress(writer, from);
  writeAddress(writer, to);
  writer.string(asset, ASSET_BYTES_MAX).amount(amount);
}

export function readCrossChainParties(reader: Reader): Parties {
  return {
    from: readAddress(reader),
    to: readAddress(reader),
    asset: reader.string(ASSET_BYTES_MAX),
    amount: reader.amount(),
  };
}
