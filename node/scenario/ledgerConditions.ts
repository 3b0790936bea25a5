/** Conditions on what the ledger holds and on how atomic batches ended: their shapes, and each in words. */

/** What an amount must be, in smallest units; every bound given must hold. */
export interface AmountBound {
  readonly equals?: bigint;
  readonly atLeast?: bigint;
  readonly atMost?: bigint;
}

/** Ids are as transactions have them: a name, or 32 bytes as hex. Accounts are labels. */
export type LedgerCondition =
  | {
      readonly type: 'balance';
      readonly account: string;
      readonly asset: string;
      readonly bound: AmountBound;
    }
  /** Of the network's treasury, or of the fees on their way to it. */
  | {
      readonly type: 'treasury' | 'gathered_fees';
      readonly asset: string;
      readonly bound: AmountBound;
    }
  /** One that is unknown, used up or closed holds nothing. */
  | { readonly type: 'escrow' | 'channel'; readonly id: string; readonly bound: AmountBound }
  | { readonly type: 'atomic_batch'; readonly id: string; readonly outcome: AtomicOutcome }
  | { readonly type: 'receipt'; readonly id: string; readonly facts: ReceiptFacts }
  | { readonly type: 'network_fee_bps'; readonly bps: number };

export type AtomicOutcome =
  | { readonly status: 'completed' }
  | {
      readonly status: 'failed';
      /** Code of the cause; undefined: any. */
      readonly error: string | undefined;
      /** Position of the request that failed, from 0; undefined: any. */
      readonly failedAt: number | undefined;
    };

/** What a receipt must say; without any fact it must only be there. */
export interface ReceiptFacts {
  readonly gross?: bigint;
  readonly net?: bigint;
  readonly fee?: bigint;
}

export const ledgerConditionKeys = [
  'balance',
  'escrow',
  'channel',
  'atomic_batch',
  'receipt',
  'treasury',
  'gathered_fees',
  'network_fee_bps',
] as const satisfies readonly LedgerCondition['type'][];

export type LedgerConditionKey = (typeof ledgerConditionKeys)[number];

export function isLedgerKey(key: string): key is LedgerConditionKey {
  return (ledgerConditionKeys as readonly string[]).includes(key);
}

export function isLedgerCondition<Other extends { readonly type: string }>(
  condition: LedgerCondition | Other,
): condition is LedgerCondition {
  return isLedgerKey(condition.type);
}

/** A condition in words, to stand behind `in the end`, `never` and the like. */
export function describeLedgerCondition(condition: LedgerCondition): string {
  switch (condition.type) {
    case 'balance':
      return `${condition.account} has ${describeBound(condition.bound)} ${condition.asset}`;
    case 'treasury':
      return `the treasury has ${describeBound(condition.bound)} ${condition.asset}`;
    case 'gathered_fees':
      return `gathered fees are ${describeBound(condition.bound)} ${condition.asset}`;
    case 'escrow':
    case 'channel':
      return `${condition.type} ${condition.id} holds ${describeBound(condition.bound)}`;
    case 'atomic_batch':
      return `atomic batch ${condition.id} ${describeOutcome(condition.outcome)}`;
    case 'receipt': {
      const facts = Object.entries(condition.facts).map(([name, value]) => `${name} ${value}`);
      return `receipt ${condition.id}${facts.length === 0 ? ' exists' : `: ${facts.join(', ')}`}`;
    }
    case 'network_fee_bps':
      return `the network fee is ${condition.bps} basis points`;
  }
}

export function describeBound({ equals, atLeast, atMost }: AmountBound): string {
  return [
    ...(equals === undefined ? [] : [String(equals)]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(' and ');
}

export function describeOutcome(outcome: AtomicOutcome): string {
  if (outcome.status === 'completed') return 'completed';
  const { error, failedAt } = outcome;
  return `failed${failedAt === undefined ? '' : ` at request ${failedAt}`}${error === undefined ? '' : ` with ${error}`}`;
}
