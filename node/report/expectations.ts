/**
 * Judges what a scenario expects, while the run goes on: conditions whenever something changed, limits when they are
 * reached, facts of batches at the end. An expectation that nothing ever put to the test fails.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Anchor, BatchFacts, Comparison, Condition, Expectation } from '../scenario/types.ts';
import { evaluateLedgerCondition } from './ledgerCondition.ts';
import type { LedgerView } from './ledgerWatch.ts';
import type { BatchResult, ExpectationResult } from './result.ts';

/** States a batch passes through that anchors and limits can name. */
export type BatchMilestone = 'sealed' | 'included' | 'confirmed' | 'missed';

/** How transfers between the chains stand: with an end missing on one side or both, or with both. */
export type TransferState = 'open' | 'completed' | 'refunded';

/** What conditions are about, as the whole network looks now. */
export interface NetworkView {
  /** Height that some node finalised. */
  readonly finalizedHeight: number;
  readonly settlementHeight: number;
  readonly pendingBatchCount: number;
  readonly confirmedBatchCount: number;
  /** Transfers between the chains. */
  countTransfers(state: TransferState): number;
  /** Of the newest final block. */
  readonly ledger: LedgerView;
  isConverged(): boolean;
  /** Whether a node votes no more because the settlement chain took back what it built on; undefined: any node. */
  isHalted(node: string | undefined): boolean;
  /** How often it happened so far, to one validator or to anybody. */
  countOf(type: 'slashed' | 'jailed' | 'missed', validator: string | undefined): number;
  /** A metric by its path below `metrics`, or undefined when there is none of that name. */
  metric(path: string): number | undefined;
  batch(seq: number): BatchResult | undefined;
  /** When some node first derived the confirmation. */
  confirmedAtMs(seq: number): TimeMs | undefined;
}

type Within = Extract<Expectation, { type: 'within' }>;
type Continuous = Extract<Expectation, { condition: Condition }>;

/** Where an expectation stands. `decided` never changes again. */
interface Standing<Kind extends Expectation = Expectation> {
  readonly expectation: Kind;
  decided: { readonly ok: boolean; readonly atMs: TimeMs; readonly detail: string } | undefined;
  evaluated: boolean;
  /** For `within`: the limits, once the anchor was reached. */
  limit: { readonly ms?: number; readonly blocks?: number; readonly settlementBlocks?: number } | undefined;
}

export class ExpectationJudge {
  readonly #standings: readonly Standing[];
  readonly #continuous: Standing<Continuous>[] = [];
  readonly #within: Standing<Within>[] = [];
  readonly #view: NetworkView;

  constructor(expectations: readonly Expectation[], view: NetworkView) {
    this.#view = view;
    this.#standings = expectations.map((expectation) => this.#open(expectation));
  }

  /** True when some expectation counts from an anchor. */
  get hasAnchors(): boolean {
    return this.#within.length > 0;
  }

  /** Anchors of `within` expectations at a virtual time, which the runtime must announce with `anchorReached`. */
  timeAnchors(): readonly Anchor[] {
    return this.#within.map(({ expectation }) => expectation.after).filter((anchor) => 'timeMs' in anchor);
  }

  /** Something that conditions are about may have changed. */
  changed(nowMs: TimeMs): void {
    for (const standing of this.#continuous) {
      if (standing.decided !== undefined) continue;
      const { type, condition } = standing.expectation;
      if (type === 'final') continue;
      standing.evaluated = true;
      // `always` is decided when its condition fails, the others when theirs holds.
      if (isMet(condition, this.#view) === (type === 'always')) continue;
      const detail = describe(condition, this.#view);
      standing.decided = { ok: type === 'eventually', atMs: nowMs, detail };
    }
  }

  /** An instant that a `within` may wait for has come. */
  anchorReached(anchor: Anchor, nowMs: TimeMs): void {
    for (const standing of this.#within) {
      const { after, limit, batch, state } = standing.expectation;
      if (standing.limit !== undefined || !isSameAnchor(after, anchor)) continue;
      standing.evaluated = true;
      if ('ms' in limit) standing.limit = { ms: nowMs + limit.ms };
      else if ('blocks' in limit) standing.limit = { blocks: this.#view.finalizedHeight + limit.blocks };
      else standing.limit = { settlementBlocks: this.#view.settlementHeight + limit.settlementBlocks };
      if (hasReached(this.#view.batch(batch), state)) this.#decideWithin(standing, nowMs);
    }
  }

  /** A batch entered a state. Called before `anchorReached` for the same fact. */
  batchReached(seq: number, state: BatchMilestone, nowMs: TimeMs): void {
    for (const standing of this.#within) {
      const { batch, state: wanted } = standing.expectation;
      if (standing.decided !== undefined || standing.limit === undefined) continue;
      if (batch === seq && wanted === state) this.#decideWithin(standing, nowMs);
    }
  }

  /** The verdict of every expectation, in the scenario's order. */
  finish(nowMs: TimeMs): ExpectationResult[] {
    this.changed(nowMs);
    return this.#standings.map((standing) => {
      const { ok, atMs, detail } = standing.decided ?? this.#decideAtEnd(standing, nowMs);
      return { text: standing.expectation.text, ok, at_ms: atMs, detail };
    });
  }

  #open(expectation: Expectation): Standing {
    const blank = { decided: undefined, evaluated: false, limit: undefined };
    if (expectation.type === 'batch') return { expectation, ...blank };
    if (expectation.type === 'within') {
      const standing: Standing<Within> = { expectation, ...blank };
      this.#within.push(standing);
      return standing;
    }
    const standing: Standing<Continuous> = { expectation, ...blank };
    this.#continuous.push(standing);
    return standing;
  }

  #decideWithin(standing: Standing<Within>, nowMs: TimeMs): void {
    const { limit = {}, expectation } = standing;
    const { finalizedHeight, settlementHeight } = this.#view;
    const inTime =
      (limit.ms === undefined || nowMs <= limit.ms) &&
      (limit.blocks === undefined || finalizedHeight <= limit.blocks) &&
      (limit.settlementBlocks === undefined || settlementHeight <= limit.settlementBlocks);
    const detail = `${expectation.state} at height ${finalizedHeight}, settlement height ${settlementHeight}`;
    standing.decided = { ok: inTime, atMs: nowMs, detail: inTime ? detail : `too late: ${detail}` };
  }

  #decideAtEnd(standing: Standing, nowMs: TimeMs): { ok: boolean; atMs: TimeMs; detail: string } {
    const { expectation, evaluated } = standing;
    switch (expectation.type) {
      case 'batch':
        return judgeBatch(expectation.facts, this.#view, nowMs);
      case 'final': {
        const { condition } = expectation;
        return { ok: isMet(condition, this.#view), atMs: nowMs, detail: describe(condition, this.#view) };
      }
      case 'within': {
        const detail = evaluated
          ? `batch ${expectation.batch} was not ${expectation.state} when the run ended`
          : 'never evaluated: what it waits for did not happen';
        return { ok: false, atMs: nowMs, detail };
      }
      case 'eventually':
        return { ok: false, atMs: nowMs, detail: describe(expectation.condition, this.#view) };
      default:
        return evaluated
          ? { ok: true, atMs: nowMs, detail: '' }
          : { ok: false, atMs: nowMs, detail: 'never evaluated' };
    }
  }
}

const transferStates = {
  open_transfers: 'open',
  completed_transfers: 'completed',
  refunded_transfers: 'refunded',
} as const;

/** Whether one condition holds now. Asked at every change, so what was found is put into words elsewhere. */
function isMet(condition: Condition, view: NetworkView): boolean {
  switch (condition.type) {
    case 'converged':
      return view.isConverged() === condition.value;
    case 'height_at_least':
      return view.finalizedHeight >= condition.height;
    case 'pending_batches':
      return compare(view.pendingBatchCount, condition.comparison, condition.count);
    case 'confirmed_batches':
      return compare(view.confirmedBatchCount, condition.comparison, condition.count);
    case 'open_transfers':
    case 'completed_transfers':
    case 'refunded_transfers':
      return compare(
        view.countTransfers(transferStates[condition.type]),
        condition.comparison,
        condition.count,
      );
    case 'halted':
      return view.isHalted(condition.node) === condition.value;
    case 'metric': {
      const value = view.metric(condition.name);
      return value !== undefined && compare(value, condition.comparison, condition.value);
    }
    case 'slashed':
    case 'jailed':
    case 'missed': {
      const happened = view.countOf(condition.type, condition.validator);
      return condition.count === undefined
        ? happened > 0
        : compare(happened, condition.comparison, condition.count);
    }
    default:
      return evaluateLedgerCondition(condition, view.ledger).holds;
  }
}

/** What a condition finds now, in words. */
function describe(condition: Condition, view: NetworkView): string {
  switch (condition.type) {
    case 'converged':
      return view.isConverged() ? 'converged' : 'not converged';
    case 'height_at_least':
      return `finalised height ${view.finalizedHeight}`;
    case 'pending_batches':
      return `pending: ${view.pendingBatchCount}`;
    case 'confirmed_batches':
      return `confirmed: ${view.confirmedBatchCount}`;
    case 'open_transfers':
    case 'completed_transfers':
    case 'refunded_transfers':
      return `${condition.type}: ${view.countTransfers(transferStates[condition.type])}`;
    case 'halted': {
      const who = condition.node ?? 'a node';
      return view.isHalted(condition.node) ? `${who} has halted` : `${who} has not halted`;
    }
    case 'metric': {
      const value = view.metric(condition.name);
      return value === undefined ? `no metric ${condition.name}` : `${condition.name}: ${value}`;
    }
    case 'slashed':
    case 'jailed':
    case 'missed': {
      const happened = view.countOf(condition.type, condition.validator);
      const what = `${condition.validator ?? 'anybody'} ${condition.type}`;
      return condition.count === undefined ? `${what} ${happened} times` : `${what}: ${happened}`;
    }
    default:
      return evaluateLedgerCondition(condition, view.ledger).detail;
  }
}

function compare(found: number, comparison: Comparison, wanted: number): boolean {
  switch (comparison) {
    case '<':
      return found < wanted;
    case '<=':
      return found <= wanted;
    case '=':
      return found === wanted;
    case '>=':
      return found >= wanted;
    case '>':
      return found > wanted;
  }
}

function isSameAnchor(a: Anchor, b: Anchor): boolean {
  if ('block' in a) return 'block' in b && a.block === b.block;
  if ('timeMs' in a) return 'timeMs' in b && a.timeMs === b.timeMs;
  if ('settlementBlock' in a) return 'settlementBlock' in b && a.settlementBlock === b.settlementBlock;
  return 'batch' in b && a.batch === b.batch && a.state === b.state;
}

function hasReached(batch: BatchResult | undefined, state: BatchMilestone): boolean {
  if (batch === undefined) return false;
  switch (state) {
    case 'sealed':
      return true;
    case 'included':
      return batch.included_at_ms !== undefined;
    case 'confirmed':
      return batch.state === 'confirmed';
    case 'missed':
      return batch.attempts.some(({ outcome }) => outcome === 'missed');
  }
}

function judgeBatch(
  facts: BatchFacts,
  view: NetworkView,
  nowMs: TimeMs,
): { ok: boolean; atMs: TimeMs; detail: string } {
  const batch = view.batch(facts.batch);
  if (batch === undefined) return { ok: false, atMs: nowMs, detail: `batch ${facts.batch} was never sealed` };
  const confirmedAtMs = view.confirmedAtMs(facts.batch);
  const differences = [...differencesOf(facts, batch), ...lateness(facts, confirmedAtMs)];
  return { ok: differences.length === 0, atMs: confirmedAtMs ?? nowMs, detail: differences.join('; ') };
}

function lateness({ confirmedByMs }: BatchFacts, confirmedAtMs: TimeMs | undefined): string[] {
  if (confirmedByMs === undefined) return [];
  if (confirmedAtMs === undefined) return [`expected confirmed_by ${confirmedByMs} ms, got never`];
  return confirmedAtMs <= confirmedByMs
    ? []
    : [`expected confirmed_by ${confirmedByMs} ms, got ${confirmedAtMs} ms`];
}

/** Every given fact that does not hold, as text. */
function differencesOf(facts: BatchFacts, batch: BatchResult): string[] {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['from_height', facts.fromHeight, batch.from_height],
    ['to_height', facts.toHeight, batch.to_height],
    ['net', textOfAmounts(facts.net), textOfAmounts(batch.net)],
    ['borrowed', textOfAmounts(facts.borrowed), textOfAmounts(batch.borrowed)],
    ['repaid', textOfAmounts(facts.repaid), textOfAmounts(batch.repaid)],
    ['state', facts.state, batch.state],
    ['proposer', facts.proposer, batch.attempts.at(-1)?.proposer],
    ['attempts', facts.attempts, batch.attempts.length],
    ['settlement_height', facts.settlementHeight, batch.settlement_height],
    ['included_at_ms', facts.includedAtMs, batch.included_at_ms],
    ['liquidations', facts.liquidations, batch.liquidations],
  ];
  const differences = pairs
    .filter(([, wanted, got]) => wanted !== undefined && wanted !== got)
    .map(([name, wanted, got]) => `expected ${name} ${wanted}, got ${got}`);
  if (facts.action !== undefined && !batch.actions.some(({ type }) => type === facts.action)) {
    differences.push(`expected action ${facts.action}, got ${textOfActions(batch.actions)}`);
  }
  if (facts.actions !== undefined && !matchesActions(facts.actions, batch.actions)) {
    differences.push(`expected actions ${textOfActions(facts.actions)}, got ${textOfActions(batch.actions)}`);
  }
  return differences;
}

type ActionFacts = NonNullable<BatchFacts['actions']>;

function matchesActions(wanted: ActionFacts, got: BatchResult['actions']): boolean {
  return (
    wanted.length === got.length &&
    wanted.every(({ type, asset, amount }, index) => {
      const action = got[index];
      const isSameKind = action?.type === type && action.asset === asset;
      return isSameKind && (amount === undefined || String(amount) === action.amount);
    })
  );
}

function textOfActions(actions: ActionFacts | BatchResult['actions']): string {
  return actions.map(({ type, asset, amount }) => `${type} ${amount ?? ''} ${asset}`).join(', ') || 'none';
}

/** Amounts by asset in one order, zero entries dropped, so that two records compare as text. */
function textOfAmounts(amounts: Readonly<Record<string, bigint | string>> | undefined): string | undefined {
  if (amounts === undefined) return undefined;
  const entries = Object.entries(amounts).filter(([, amount]) => String(amount) !== '0');
  return `{${entries
    .map(([asset, amount]) => `${asset}: ${amount}`)
    .sort()
    .join(', ')}}`;
}
