/** Puts an expectation into words, for tables and reports. */
import { describeAnchor } from './anchors.ts';
import { describeLedgerCondition, isLedgerCondition } from './ledgerConditions.ts';
import { showDuration } from './reader.ts';
import type { BatchFacts, Comparison, Condition, Expectation } from './types.ts';

/** An expectation before it has its text and line. */
export type ExpectationBody = Expectation extends infer Each
  ? Each extends Expectation
    ? Omit<Each, 'text' | 'line'>
    : never
  : never;

/** An expectation in words. */
export function describeExpectation(body: ExpectationBody): string {
  switch (body.type) {
    case 'batch':
      return describeFacts(body.facts);
    case 'within': {
      const { limit } = body;
      const span =
        'ms' in limit
          ? showDuration(limit.ms)
          : 'blocks' in limit
            ? `${limit.blocks} blocks`
            : `${limit.settlementBlocks} settlement blocks`;
      return `batch ${body.batch} is ${body.state} within ${span} after ${describeAnchor(body.after)}`;
    }
    case 'final':
      return `in the end ${describeCondition(body.condition)}`;
    default:
      return `${body.type} ${describeCondition(body.condition)}`;
  }
}

function describeFacts(facts: BatchFacts): string {
  const parts: string[] = [];
  if (facts.fromHeight !== undefined && facts.toHeight !== undefined) {
    const isOne = facts.fromHeight === facts.toHeight;
    parts.push(isOne ? `block ${facts.fromHeight}` : `blocks ${facts.fromHeight} to ${facts.toHeight}`);
  } else if (facts.fromHeight !== undefined) parts.push(`from block ${facts.fromHeight}`);
  else if (facts.toHeight !== undefined) parts.push(`to block ${facts.toHeight}`);
  for (const key of ['net', 'borrowed', 'repaid'] as const) {
    const amounts = facts[key];
    if (amounts !== undefined) parts.push(`${key} ${describeAmounts(amounts, key === 'net')}`);
  }
  if (facts.action !== undefined) parts.push(facts.action);
  if (facts.actions !== undefined) {
    const actions = facts.actions.map(
      ({ type, asset, amount }) => `${type} ${amount === undefined ? '' : `${amount} `}${asset}`,
    );
    parts.push(actions.join(' and ') || 'no action');
  }
  if (facts.liquidations !== undefined)
    parts.push(`${facts.liquidations} liquidation${facts.liquidations === 1 ? '' : 's'}`);
  if (facts.proposer !== undefined) parts.push(`by ${facts.proposer}`);
  if (facts.attempts !== undefined)
    parts.push(facts.attempts === 1 ? 'in one attempt' : `in ${facts.attempts} attempts`);
  if (facts.state !== undefined) parts.push(facts.state);
  if (facts.settlementHeight !== undefined) parts.push(`in settlement block ${facts.settlementHeight}`);
  if (facts.includedAtMs !== undefined) parts.push(`included at ${showDuration(facts.includedAtMs)}`);
  if (facts.confirmedByMs !== undefined) parts.push(`confirmed by ${showDuration(facts.confirmedByMs)}`);
  return `batch ${facts.batch}: ${parts.join(', ')}`;
}

function describeAmounts(amounts: Readonly<Record<string, bigint>>, isSigned: boolean): string {
  const parts = Object.entries(amounts).map(
    ([asset, amount]) => `${asset} ${isSigned && amount > 0n ? '+' : ''}${amount}`,
  );
  return parts.join(' and ') || 'nothing';
}

function describeCondition(condition: Condition): string {
  if (isLedgerCondition(condition)) return describeLedgerCondition(condition);
  switch (condition.type) {
    case 'converged':
      return condition.value ? 'all nodes agree' : 'nodes differ';
    case 'height_at_least':
      return `height >= ${condition.height}`;
    case 'pending_batches':
      return `pending batches ${condition.comparison} ${condition.count}`;
    case 'confirmed_batches':
      return `confirmed batches ${condition.comparison} ${condition.count}`;
    case 'open_transfers':
    case 'completed_transfers':
    case 'refunded_transfers':
      return `${condition.type.replace('_', ' ')} ${condition.comparison} ${condition.count}`;
    case 'halted':
      return `${condition.node ?? (condition.value ? 'a node' : 'no node')} has halted`;
    case 'metric':
      return `metrics.${condition.name} ${condition.comparison} ${condition.value}`;
    default: {
      const who = condition.validator ?? 'anybody';
      const verb = condition.type === 'missed' ? `${who} misses a settlement` : `${who} is ${condition.type}`;
      if (condition.count === undefined) return verb;
      return `${verb} ${showCount(condition.comparison, condition.count)}`;
    }
  }
}

const countWords: Readonly<Record<Comparison, string>> = {
  '<': 'fewer than',
  '<=': 'at most',
  '=': 'exactly',
  '>=': 'at least',
  '>': 'more than',
};

function showCount(comparison: Comparison, count: number): string {
  return `${countWords[comparison]} ${count === 1 ? 'once' : `${count} times`}`;
}
