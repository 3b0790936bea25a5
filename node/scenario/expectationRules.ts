/**
 * Expectations that no run can put to the test: what they wait for lies behind the end, or nothing in the scenario can
 * bring it about. Only what is certain is refused: times are the earliest that any run can reach.
 */
import { describeAnchor, timingOf } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import type { CheckedParts } from './faultRules.ts';
import { ScenarioNames } from './ledgerConditionRules.ts';
import { isLedgerCondition } from './ledgerConditions.ts';
import { showDuration } from './reader.ts';
import type { Anchor, Expectation, ScenarioTransaction } from './types.ts';

/** Reports every expectation that can never be evaluated. */
export function checkExpectations(context: ScenarioContext, scenario: CheckedParts): void {
  const limits = new Limits(scenario);
  const names = new ScenarioNames(scenario);
  for (const expectation of scenario.expectations) {
    if ('condition' in expectation && isLedgerCondition(expectation.condition)) {
      const reason = names.findUnknown(expectation.condition);
      if (reason !== undefined) {
        context.reportExpectation(expectation, expectation.type, 'SCENARIO_EXPECTATION_UNREACHABLE', reason);
      }
    }
    for (const { key, reason } of limits.findProblems(expectation)) {
      context.reportExpectation(expectation, key, 'SCENARIO_EXPECTATION_UNREACHABLE', reason);
    }
  }
}

interface Unreachable {
  /** Key of the expectation that is to blame. */
  readonly key: string;
  readonly reason: string;
}

class Limits {
  readonly #durationMs: number;
  readonly #timing: ReturnType<typeof timingOf>;
  /** Fewest blocks in a window. */
  readonly #windowBlocksMin: number;
  /** Most batches that the scenario's own transactions can fill; undefined: no bound is known. */
  readonly #batchesMax: number | undefined;
  /** How far clocks run ahead, in ms: blocks may come so much earlier. */
  readonly #aheadMs: number;

  constructor({ config, durationMs, timeline, workload }: CheckedParts) {
    this.#durationMs = durationMs;
    this.#timing = timingOf(config);
    const transactions = timeline.flatMap((event) => event.transactions);
    const hasOwnWindows =
      config.settlement.adaptive !== 'fixed' ||
      transactions.some(({ operation }) => changesWindows(operation));
    this.#windowBlocksMin = hasOwnWindows ? 1 : config.settlement.batchSize;
    const all =
      workload.type === 'explicit'
        ? [...transactions, ...workload.transactions.map(({ transaction }) => transaction)]
        : transactions;
    this.#batchesMax =
      workload.type === 'uniform' || workload.type === 'model'
        ? undefined
        : all.filter(({ operation }) => movesNet(operation)).length;
    this.#aheadMs = timeline
      .flatMap(({ faults }) => faults)
      .reduce(
        (sum, fault) =>
          fault.type === 'clock_skew' || fault.type === 'clock_step' ? sum + Math.max(0, fault.ms) : sum,
        0,
      );
  }

  findProblems(expectation: Expectation): Unreachable[] {
    switch (expectation.type) {
      case 'batch': {
        const { batch, settlementHeight, includedAtMs } = expectation.facts;
        return [
          ...this.#checkBatch('batch', batch),
          ...(settlementHeight === undefined
            ? []
            : this.#checkTime(
                'settlement_height',
                `settlement block ${settlementHeight}`,
                this.#settlementBlockMs(settlementHeight),
              )),
          ...(includedAtMs === undefined
            ? []
            : this.#checkTime('included_at', showDuration(includedAtMs), includedAtMs)),
        ];
      }
      case 'within':
        return [...this.#checkAnchor(expectation.after), ...this.#checkBatch('batch', expectation.batch)];
      case 'eventually':
      case 'final': {
        const { condition, type } = expectation;
        if (condition.type !== 'height_at_least') return [];
        return this.#checkTime(type, `block ${condition.height}`, this.#blockMs(condition.height));
      }
      default:
        return [];
    }
  }

  #checkAnchor(anchor: Anchor): Unreachable[] {
    if ('batch' in anchor) return this.#checkBatch('after', anchor.batch);
    const ms =
      'block' in anchor
        ? this.#blockMs(anchor.block)
        : 'timeMs' in anchor
          ? anchor.timeMs
          : this.#settlementBlockMs(anchor.settlementBlock);
    return this.#checkTime('after', describeAnchor(anchor), ms);
  }

  #checkBatch(key: string, batch: number): Unreachable[] {
    if (this.#batchesMax !== undefined && batch > this.#batchesMax) {
      const reason =
        this.#batchesMax === 0
          ? `nothing is borrowed or repaid, so batch ${batch} is never sealed`
          : `${this.#batchesMax} transactions move a net amount, so batch ${batch} is never sealed`;
      return [{ key, reason }];
    }
    return this.#checkTime(key, `batch ${batch}`, this.#blockMs(batch * this.#windowBlocksMin));
  }

  #checkTime(key: string, what: string, earliestMs: number): Unreachable[] {
    if (earliestMs <= this.#durationMs) return [];
    const end = showDuration(this.#durationMs);
    const earliest = showDuration(earliestMs);
    const reason =
      what === earliest
        ? `${what} never comes: the run ends at ${end}`
        : `${what} cannot come before ${earliest}, and the run ends at ${end}`;
    return [{ key, reason }];
  }

  #blockMs(height: number): number {
    return (height - 1) * this.#timing.blockTimeMs - this.#aheadMs;
  }

  #settlementBlockMs(height: number): number {
    return this.#timing.phaseMs + height * this.#timing.settlementBlockTimeMs;
  }
}

function changesWindows({ type }: ScenarioTransaction['operation']): boolean {
  return type === 'settle_now' || type === 'set_batch_size';
}

/** Only borrowing and repayment enter net; a liquidation repays. */
function movesNet({ type }: ScenarioTransaction['operation']): boolean {
  return type === 'borrow' || type === 'repay' || type === 'liquidate';
}
