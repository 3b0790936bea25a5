/** Gathers the facts and payments of one step of net law, in the order in which they happen. */
import type { NetFact, NetOutcome, StakePayment } from './types.ts';

/** A step that brought nothing to light. */
export const noOutcome: NetOutcome = { facts: [], payments: [] };

/** An outcome in the making. */
export class OutcomeRecord implements NetOutcome {
  readonly facts: NetFact[] = [];
  readonly payments: StakePayment[] = [];

  /** Books a payment; nothing is no payment. */
  pay(payment: StakePayment): void {
    if (payment.amount > 0n) this.payments.push(payment);
  }
}
