/**
 * What the engine asks of the ledger. A command is one submission of a batch that is executed all or nothing, at most once
 * under its id, however often and by whomever it is sent; and the ledger settles an order once, whatever command carries it.
 */
import type { Hash, Height } from '../../../consensus/primitives/flavor.ts';
import type { SignedOrder } from '../store/order.ts';

export interface Command {
  /** The same for every attempt of a batch. */
  readonly commandId: Hash;
  /** From 1; no two submissions of a command have the same. */
  readonly attempt: number;
  /** Never executed above this height. */
  readonly lastHeight: Height;
  /** At least one, of one payer, in the order in which they are settled. */
  readonly orders: readonly SignedOrder[];
}

export interface LedgerRefusal {
  readonly code: string;
  /** Position of the order at fault, from 0, or of the first one; undefined: unknown, or all of them. */
  readonly failedAt: number | undefined;
  /** Whatever is sent under this command id will be refused again. */
  readonly isFinal: boolean;
}

export type SubmitAnswer =
  /** The ledger has taken the command, or had it already. */
  | { readonly type: 'acknowledged' }
  /** Nothing of this attempt will be executed. */
  | ({ readonly type: 'rejected' } & LedgerRefusal)
  /** Nobody knows whether it arrived. */
  | { readonly type: 'unreachable'; readonly reason: string };

export type CommandStanding =
  /** No trace of it; with every block up to this height final, none of them executed it. */
  | { readonly type: 'unknown'; readonly finalHeight: Height }
  /** Taken, and not executed in a final block yet. */
  | { readonly type: 'waiting' }
  /** Executed whole, for good. */
  | { readonly type: 'confirmed' }
  /** Nothing that was sent under this id so far will be executed any more. */
  | ({ readonly type: 'failed' } & LedgerRefusal);

/** A call that gets no answer throws, but for `submit`, of which that is an answer; each settles within a time of its own. */
export interface OrderLedger {
  /**
   * How many of these orders, from the first on, one command may hold: at least one, also where that one is too much.
   * It may refuse a command for its size all the same, whose orders then go in smaller company.
   */
  countFitting(orders: readonly SignedOrder[]): number;
  /** Height of the newest final block: no block up to it will ever say anything else. */
  finalHeight(): Promise<Height>;
  /** Last height at which a command that is submitted now may be executed. */
  lastHeight(): Promise<Height>;
  submit(command: Command): Promise<SubmitAnswer>;
  ask(commandId: Hash): Promise<CommandStanding>;
  /** Whether a final block settled the order, under whatever command. */
  isPaid(order: SignedOrder): Promise<boolean>;
}
