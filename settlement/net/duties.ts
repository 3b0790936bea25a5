/**
 * Who must settle: drawing the holder of a batch, beginning its attempts, and the record of duties that leads to
 * jail. Judging the clock is derive.ts, taking stake is slashing.ts (docs/protocol.md, proposer duty).
 */

import type { Amount, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { drawNext } from '../../consensus/weightedRotation.ts';
import type { State } from '../state.ts';
import { standingOf, standings } from './netState.ts';
import type { OutcomeRecord } from './outcome.ts';
import type { SettlementAction } from './settlement.ts';
import { standingKey, standingTable } from './tables.ts';
import type { Attempt, DutyStanding, NetRules } from './types.ts';

/** Attempts a batch's row keeps: the newest. Numbers go on, so the last one's number is the count of all. */
export const ATTEMPTS_KEPT_MAX = 64;

export function isEligible(standing: DutyStanding): boolean {
  return standing.jailedUntilHeight === undefined && !standing.tombstoned;
}

/**
 * Draws the next duty holder and advances the rotation by one assignment.
 *
 * Candidates are the eligible validators that are not to be avoided; all eligible ones if none is left; all not
 * tombstoned if nobody is eligible; everybody if all are tombstoned, which no run within the fault model sees.
 * @param avoided - Validators that missed the batch, and on a pass-on the one that gives the duty up.
 */
export function drawHolder(state: State, avoided: readonly ValidatorIndex[]): ValidatorIndex {
  const candidates = selectCandidates(standings(state), avoided);
  const draw = drawNext(candidates.map(({ index, stake, priority }) => ({ index, weight: stake, priority })));
  let position = 0;
  for (const standing of candidates) {
    const priority = draw.priorities[position] ?? standing.priority;
    if (priority !== standing.priority) setStanding(state, { ...standing, priority });
    position += 1;
  }
  return draw.index;
}

function selectCandidates(
  all: readonly DutyStanding[],
  avoided: readonly ValidatorIndex[],
): readonly DutyStanding[] {
  const eligible = all.filter(isEligible);
  if (eligible.length === 0) {
    const standing = all.filter(({ tombstoned }) => !tombstoned);
    return standing.length === 0 ? all : standing;
  }
  if (avoided.length === 0) return eligible;
  const fresh = eligible.filter(({ index }) => !avoided.includes(index));
  return fresh.length === 0 ? eligible : fresh;
}

export function setStanding(state: State, standing: DutyStanding): void {
  state.set(standingTable, standingKey(standing.index), standing);
}

export function beginAttempt(
  attempt: number,
  proposer: ValidatorIndex,
  actions: readonly SettlementAction[],
  assignedAtHeight: Height,
): Attempt {
  return { attempt, proposer, actions, assignedAtHeight, outcome: undefined, revertCode: undefined };
}

/** The attempts with the running one ended and `next`, if any, begun. */
export function endAttempt(
  attempts: readonly Attempt[],
  end: Pick<Attempt, 'outcome' | 'revertCode'>,
  next?: Attempt,
): readonly Attempt[] {
  const ended = attempts.map((attempt, index) =>
    index === attempts.length - 1
      ? { ...attempt, outcome: end.outcome, revertCode: end.revertCode }
      : attempt,
  );
  if (next !== undefined) ended.push(next);
  return ended.length > ATTEMPTS_KEPT_MAX ? ended.slice(ended.length - ATTEMPTS_KEPT_MAX) : ended;
}

/** Enters the end of a duty without a miss: settled by whomever, or passed on by the chain's fault. */
export function recordDutyDone(state: State, rules: NetRules, holder: ValidatorIndex): void {
  const standing = standingOf(state, holder);
  const recentDuties = pushDuty(standing.recentDuties, false, rules.jailWindow);
  if (recentDuties !== standing.recentDuties) setStanding(state, { ...standing, recentDuties });
}

/**
 * Enters a miss and jails the holder when its last duties hold too many (docs/protocol.md, proposer duty).
 *
 * A jailing clears the record. One that would put more than a third of all bonded stake in jail does not happen
 * and leaves the record. Who is in jail already and misses duties it still holds may be jailed anew, from here. A
 * tombstoned validator is never jailed: it lost its eligibility for good.
 */
export function recordDutyMissed(
  state: State,
  rules: NetRules,
  duty: { readonly holder: ValidatorIndex; readonly height: Height },
  record: OutcomeRecord,
): void {
  const standing = standingOf(state, duty.holder);
  const recentDuties = pushDuty(standing.recentDuties, true, rules.jailWindow);
  const misses = recentDuties.filter((missed) => missed).length;
  if (standing.tombstoned || misses < rules.jailAfterMisses || !fitsInJail(state, standing)) {
    setStanding(state, { ...standing, recentDuties });
    return;
  }
  const untilHeight = duty.height + rules.jailBlocks;
  setStanding(state, { ...standing, recentDuties: [], jailedUntilHeight: untilHeight });
  record.facts.push({ type: 'jailed', validator: duty.holder, untilHeight });
}

/** True when at most one third of all bonded stake is in jail with this validator in it. */
function fitsInJail(state: State, candidate: DutyStanding): boolean {
  let total: Amount = 0n;
  let jailed: Amount = 0n;
  for (const { index, stake, jailedUntilHeight } of standings(state)) {
    total += stake;
    if (index === candidate.index || jailedUntilHeight !== undefined) jailed += stake;
  }
  return 3n * jailed <= total;
}

/** The record with one more duty, the oldest dropped; the same list when nothing would change. */
function pushDuty(recent: readonly boolean[], missed: boolean, window: number): readonly boolean[] {
  if (!missed && recent.length === window && recent.every((one) => !one)) return recent;
  const pushed = [...recent, missed];
  return pushed.length > window ? pushed.slice(pushed.length - window) : pushed;
}
