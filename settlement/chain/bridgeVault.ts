/**
 * The settlement contract's side of cross-chain transfers: liquidity, escrows, and what its users' accounts gained or gave.
 * It decides nothing: a deposit opens an escrow, and a batch's actions lock, complete and refund, each once for each escrow.
 * An action for an escrow that is not there, or there already, does nothing.
 *
 * What accounts of this chain own besides is outside the model: of each only the change counts.
 */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Amount, Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import {
  CROSS_CHAIN_OPEN_MAX,
  type CrossChainAction,
  type CrossChainDeposit,
  type CrossChainEvent,
  inboundTransferId,
  isInboundTransferId,
} from '../net/crossChain.ts';
import { type FeeRates, networkFee } from '../networkFee.ts';

/** What an outbound lock sets aside for `account`, or an inbound deposit took from it. */
interface VaultEscrow {
  readonly account: Address;
  readonly asset: string;
  /** Gross on this side: `fee` stays here when it completes. */
  readonly amount: Amount;
  readonly fee: Amount;
}

export interface BridgeVault {
  readonly liquidity: ReadonlyMap<string, Amount>;
  readonly escrows: ReadonlyMap<Hash, VaultEscrow>;
  /** Change of what accounts own, by address and asset. */
  readonly accounts: ReadonlyMap<Address, ReadonlyMap<string, bigint>>;
  readonly depositCount: number;
}

/** A vault after something happened, what it kept as fees, and what it says of it. */
export interface VaultStep {
  readonly vault: BridgeVault;
  readonly fees: ReadonlyMap<string, Amount>;
  readonly events: readonly CrossChainEvent[];
}

export function createVault(liquidity: Readonly<Record<string, Amount>>): BridgeVault {
  return {
    liquidity: new Map(Object.entries(liquidity)),
    escrows: new Map(),
    accounts: new Map(),
    depositCount: 0,
  };
}

/** Carries out the actions of a settled batch, in order. None can fail the batch: what cannot be locked is refused by an event. */
export function carryOutCrossChain(
  before: BridgeVault,
  actions: readonly CrossChainAction[],
  rates: FeeRates,
): VaultStep {
  let vault = before;
  const fees = new Map<string, Amount>();
  const events: CrossChainEvent[] = [];
  for (const action of actions) {
    const { type, transferId } = action;
    const escrow = vault.escrows.get(transferId);
    if (type === 'lock') {
      if (escrow !== undefined) continue;
      const locked = lock(vault, action, rates);
      vault = locked?.vault ?? vault;
      events.push(
        locked === undefined
          ? { type: 'cross_chain_refused', transferId }
          : { type: 'cross_chain_locked', transferId, fee: locked.fee },
      );
    } else if (escrow !== undefined) {
      const { asset, fee } = escrow;
      if (type === 'complete') fees.set(asset, (fees.get(asset) ?? 0n) + fee);
      vault = release(vault, transferId, escrow, type);
      events.push({
        type: type === 'complete' ? 'cross_chain_completed' : 'cross_chain_refunded',
        transferId,
      });
    }
  }
  return { vault, fees, events };
}

/**
 * Takes a deposit into escrow.
 * @returns `CROSS_CHAIN_DEPOSITS_FULL` while too many are open.
 */
export function takeDeposit(
  vault: BridgeVault,
  deposit: CrossChainDeposit,
  rates: FeeRates,
  height: SettlementHeight,
): Verdict<{ readonly vault: BridgeVault; readonly event: CrossChainEvent }, 'CROSS_CHAIN_DEPOSITS_FULL'> {
  if (openDepositCount(vault) >= CROSS_CHAIN_OPEN_MAX) {
    return refuse('CROSS_CHAIN_DEPOSITS_FULL', `${CROSS_CHAIN_OPEN_MAX} deposits are open`);
  }
  const { from, to, asset, amount, timeoutBlocks } = deposit;
  const depositCount = vault.depositCount + 1;
  const transferId = inboundTransferId(depositCount);
  const fee = networkFee(amount, rates);
  const opened = open(vault, transferId, { account: from, asset, amount, fee });
  const event: CrossChainEvent = {
    type: 'cross_chain_deposited',
    transferId,
    from,
    to,
    asset,
    amount,
    fee,
    deadlineHeight: height + timeoutBlocks,
  };
  return accept({ vault: { ...book(opened, from, asset, -amount), depositCount }, event });
}

/** Deposits that no action has ended. */
export function openDepositCount(vault: BridgeVault): number {
  let count = 0;
  for (const transferId of vault.escrows.keys()) if (isInboundTransferId(transferId)) count += 1;
  return count;
}

/** What an account of this chain gained less what it gave. */
export function accountChange(vault: BridgeVault, account: Address, asset: string): bigint {
  return vault.accounts.get(account)?.get(asset) ?? 0n;
}

/** Everything of an asset that the bridge holds, with the changes of accounts: fees aside, nothing here alters it. */
export function vaultTotal(vault: BridgeVault, asset: string): bigint {
  let total = vault.liquidity.get(asset) ?? 0n;
  for (const escrow of vault.escrows.values()) if (escrow.asset === asset) total += escrow.amount;
  for (const balances of vault.accounts.values()) total += balances.get(asset) ?? 0n;
  return total;
}

function lock(
  vault: BridgeVault,
  { transferId, to, asset, amount }: Extract<CrossChainAction, { type: 'lock' }>,
  rates: FeeRates,
): { readonly vault: BridgeVault; readonly fee: Amount } | undefined {
  const fee = networkFee(amount, rates);
  const available = vault.liquidity.get(asset) ?? 0n;
  if (available < amount || fee === amount) return undefined;
  const opened = open(vault, transferId, { account: to, asset, amount, fee });
  return { vault: addLiquidity(opened, asset, -amount), fee };
}

/** An escrow ends: what it held goes to the account or to the liquidity, less the fee when it completes. */
function release(
  vault: BridgeVault,
  transferId: Hash,
  { account, asset, amount, fee }: VaultEscrow,
  type: 'complete' | 'refund',
): BridgeVault {
  const escrows = new Map(vault.escrows);
  escrows.delete(transferId);
  const closed = { ...vault, escrows };
  const paid = type === 'complete' ? amount - fee : amount;
  const goesToAccount = isInboundTransferId(transferId) === (type === 'refund');
  return goesToAccount ? book(closed, account, asset, paid) : addLiquidity(closed, asset, paid);
}

function open(vault: BridgeVault, transferId: Hash, escrow: VaultEscrow): BridgeVault {
  return { ...vault, escrows: new Map(vault.escrows).set(transferId, escrow) };
}

function addLiquidity(vault: BridgeVault, asset: string, amount: bigint): BridgeVault {
  const liquidity = new Map(vault.liquidity);
  liquidity.set(asset, (liquidity.get(asset) ?? 0n) + amount);
  return { ...vault, liquidity };
}

function book(vault: BridgeVault, account: Address, asset: string, amount: bigint): BridgeVault {
  const balances = new Map(vault.accounts.get(account));
  balances.set(asset, (balances.get(asset) ?? 0n) + amount);
  return { ...vault, accounts: new Map(vault.accounts).set(account, balances) };
}
