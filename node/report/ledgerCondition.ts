/** Whether a condition on the ledger holds, and what was found instead. */
import type { AtomicBatchRecord, SettlementReceipt } from '../../settlement/atomic/types.ts';
import {
  type AmountBound,
  type AtomicOutcome,
  describeBound,
  describeOutcome,
  type LedgerCondition,
  type ReceiptFacts,
} from '../scenario/ledgerConditions.ts';
import type { LedgerView } from './ledgerWatch.ts';

interface Finding {
  readonly holds: boolean;
  /** Expected and seen. */
  readonly detail: string;
}

export function evaluateLedgerCondition(condition: LedgerCondition, ledger: LedgerView): Finding {
  switch (condition.type) {
    case 'balance': {
      const { account, asset, bound } = condition;
      return bounded(ledger.balance(account, asset), bound, ` ${asset}`);
    }
    case 'treasury':
      return bounded(ledger.treasury(condition.asset), condition.bound, ` ${condition.asset}`);
    case 'gathered_fees':
      return bounded(ledger.gatheredFees(condition.asset), condition.bound, ` ${condition.asset}`);
    case 'escrow':
      return bounded(ledger.escrow(condition.id), condition.bound);
    case 'channel':
      return bounded(ledger.channel(condition.id), condition.bound);
    case 'atomic_batch':
      return judgeOutcome(condition.outcome, ledger.atomicBatch(condition.id), ledger);
    case 'receipt':
      return judgeReceipt(condition.facts, ledger.receipt(condition.id));
    case 'network_fee_bps': {
      const bps = ledger.networkFeeBps();
      return found(bps === condition.bps, `${condition.bps} basis points`, `${bps}`);
    }
  }
}

function found(holds: boolean, expected: string, seen: string): Finding {
  return { holds, detail: `expected ${expected}, seen ${seen}` };
}

function bounded(amount: bigint, bound: AmountBound, unit = ''): Finding {
  const { equals = amount, atLeast = amount, atMost = amount } = bound;
  const holds = amount === equals && amount >= atLeast && amount <= atMost;
  return found(holds, `${describeBound(bound)}${unit}`, `${amount}${unit}`);
}

function judgeOutcome(
  wanted: AtomicOutcome,
  record: AtomicBatchRecord | undefined,
  ledger: LedgerView,
): Finding {
  const expected = describeOutcome(wanted);
  if (record === undefined) return found(false, expected, 'none: no final block has executed it');
  const { failure } = record;
  if (failure === undefined) return found(wanted.status === 'completed', expected, 'completed');
  const { code: error, failedAt } = failure;
  const details = Object.entries(failure.details).map(([name, value]) => `${name} ${ledger.nameOf(value)}`);
  const seen = `${describeOutcome({ status: 'failed', error, failedAt })} (${details.join(', ')})`;
  const holds =
    wanted.status === 'failed' &&
    (wanted.error ?? error) === error &&
    (wanted.failedAt ?? failedAt) === failedAt;
  return found(holds, expected, seen);
}

function judgeReceipt(wanted: ReceiptFacts, receipt: SettlementReceipt | undefined): Finding {
  if (receipt === undefined) return found(false, 'a receipt', 'none');
  const { gross, net, fee } = receipt;
  const { gross: wantedGross = gross, net: wantedNet = net, fee: wantedFee = fee } = wanted;
  const holds = wantedGross === gross && wantedNet === net && wantedFee === fee;
  return found(holds, textOf({ gross: wantedGross, net: wantedNet, fee: wantedFee }), textOf(receipt));
}

function textOf({ gross, net, fee }: { gross: bigint; net: bigint; fee: bigint }): string {
  return `gross ${gross}, net ${net}, fee ${fee}`;
}
