/** Shapes of micropayment channels. Amounts are smallest units; what a voucher promises is cumulative. */
import type { Address, Amount, Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';

/** The payer's word that the payee is owed so much in all. */
export interface Voucher {
  /** Everything since the channel was opened; never falls from voucher to voucher. */
  readonly amount: Amount;
  /** Rises from voucher to voucher, from 1. */
  readonly nonce: number;
}

/** A voucher of a channel, with the signature of its payer (voucher.ts). */
export interface SignedVoucher extends Voucher {
  readonly payer: Address;
  readonly signature: Uint8Array;
}

/** The sender locks an amount for one payee. */
export interface ChannelOpenOperation {
  readonly type: 'channel_open';
  /** Chosen by whoever opens it; one channel on a chain has it, for good, first come, first served. */
  readonly channelId: Hash;
  readonly payee: Address;
  readonly asset: string;
  readonly amount: Amount;
  /** Last height at which a close without the other side may begin; 0: none. Afterwards everything goes back. */
  readonly expiresAtHeight: Height;
}

/** Both sides close at once: the payee gets the amount, the payer the rest. */
export interface ChannelCloseOperation {
  readonly type: 'channel_close';
  readonly channelId: Hash;
  /** Gross: the network fee is withheld from it. */
  readonly amount: Amount;
  /** Payer and payee, without the sender, ascending; each signs (execution/transaction.ts). */
  readonly signers: readonly Address[];
}

/** One side begins to close, with the best voucher it holds; without one nothing is owed yet. */
export interface ChannelUnilateralCloseOperation {
  readonly type: 'channel_unilateral_close';
  readonly channelId: Hash;
  readonly voucher: SignedVoucher | undefined;
}

/** Shows a better voucher while the dispute window is open. Whoever holds one may. */
export interface ChannelDisputeOperation {
  readonly type: 'channel_dispute';
  readonly channelId: Hash;
  readonly voucher: SignedVoucher;
}

/** Ends a channel whose dispute window, or whose time, is over. Anybody may. */
export interface ChannelSettleOperation {
  readonly type: 'channel_settle';
  readonly channelId: Hash;
}

export type ChannelOperation =
  | ChannelOpenOperation
  | ChannelCloseOperation
  | ChannelUnilateralCloseOperation
  | ChannelDisputeOperation
  | ChannelSettleOperation;

/** What the best voucher shown promises; nothing, with nonce 0, while none was. */
export interface ChannelClosing extends Voucher {
  /** From this timestamp of a block on nobody may dispute and anybody may settle. */
  readonly endsAtMs: TimeMs;
}

export interface OpenChannel {
  readonly payer: Address;
  readonly payee: Address;
  readonly asset: string;
  /** What is locked, above zero. */
  readonly deposit: Amount;
  /** 0: none. */
  readonly expiresAtHeight: Height;
  /** Undefined until one side begins to close. */
  readonly closing: ChannelClosing | undefined;
}

/** The row of a channel. That of a closed one stays: vouchers of its id must never mean another channel. */
export type Channel = OpenChannel | { readonly settlementId: Hash };

/** What channels brought to light in a block. */
export type ChannelFact =
  | {
      readonly type: 'channel_opened';
      readonly channelId: Hash;
      readonly payer: Address;
      readonly payee: Address;
      readonly asset: string;
      readonly amount: Amount;
    }
  | ({
      readonly type: 'channel_closing';
      readonly channelId: Hash;
      /** Which side began. */
      readonly by: Address;
    } & ChannelClosing)
  | ({ readonly type: 'channel_disputed'; readonly channelId: Hash } & ChannelClosing)
  | {
      readonly type: 'channel_closed';
      readonly channelId: Hash;
      readonly settlementId: Hash;
      readonly asset: string;
      /** What the payee got, before the network fee. */
      readonly amount: Amount;
      /** What went back to the payer. */
      readonly returned: Amount;
    };
