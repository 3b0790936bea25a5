/**
 * Taking bonded stake, and the way out of jail (docs/protocol.md, proposer duty and slashing). Every function
 * reduces the stake itself and reports what is owed to whom; the ledger books it.
 */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import type { NetCode } from './codes.ts';
import { setStanding } from './duties.ts';
import { netCounters, standingOf } from './netState.ts';
import { noOutcome, OutcomeRecord } from './outcome.ts';
import type { NetOutcome, NetRules } from './types.ts';

/** The share of a stake that a slash takes: rounded down, at least 1 unit, at most the stake. */
export function slashAmount(stake: Amount, slashBps: number): Amount {
  const share = (stake * BigInt(slashBps)) / 10_000n;
  const least = share > 1n ? share : 1n;
  return least < stake ? least : stake;
}

/**
 * Slashes the holder of a missed duty: half, rounded down, is held for the settler, the rest goes to the
 * treasury. A holder without stake has nothing to take and no `slashed` fact.
 * @returns The half to hold.
 */
export function slashMissed(
  state: State,
  rules: NetRules,
  duty: { readonly holder: ValidatorIndex; readonly batch: number; readonly attempt: number },
  record: OutcomeRecord,
): Amount {
  const standing = standingOf(state, duty.holder);
  const amount = slashAmount(standing.stake, rules.missedSlashBps);
  if (amount === 0n) return 0n;
  setStanding(state, { ...standing, stake: standing.stake - amount });
  record.facts.push({
    type: 'slashed',
    validator: duty.holder,
    reason: 'missed_settlement',
    batch: duty.batch,
    attempt: duty.attempt,
    amount,
  });
  const held = amount / 2n;
  record.pay({ to: 'treasury', amount: amount - held });
  return held;
}

/**
 * Slashes a proven equivocation and ends the validator's eligibility for good; a second proof changes nothing.
 *
 * All of it goes to the treasury. Duties it already holds stay with it, under their clock.
 */
export function slashEquivocation(state: State, rules: NetRules, validator: ValidatorIndex): NetOutcome {
  const standing = standingOf(state, validator);
  if (standing.tombstoned) return noOutcome;
  const record = new OutcomeRecord();
  const amount = slashAmount(standing.stake, rules.equivocationSlashBps);
  setStanding(state, { ...standing, stake: standing.stake - amount, tombstoned: true });
  if (amount > 0n) {
    record.facts.push({
      type: 'slashed',
      validator,
      reason: 'equivocation',
      batch: undefined,
      attempt: undefined,
      amount,
    });
    record.pay({ to: 'treasury', amount });
  }
  record.facts.push({ type: 'tombstoned', validator });
  return record;
}

/**
 * Ends a jail time that is over.
 * @returns `VALIDATOR_UNKNOWN`, `UNJAIL_NOT_JAILED`, `UNJAIL_TOMBSTONED`, or `UNJAIL_TOO_EARLY` with `untilHeight`.
 */
export function unjail(
  state: State,
  _rules: NetRules,
  validator: ValidatorIndex,
  height: Height,
): Verdict<NetOutcome, NetCode> {
  const { validatorCount } = netCounters(state);
  if (!Number.isInteger(validator) || validator < 0 || validator >= validatorCount) {
    return refuse('VALIDATOR_UNKNOWN', `no validator ${validator}`);
  }
  const standing = standingOf(state, validator);
  const untilHeight = standing.jailedUntilHeight;
  if (standing.tombstoned) return refuse('UNJAIL_TOMBSTONED', `validator ${validator} is tombstoned`);
  if (untilHeight === undefined) return refuse('UNJAIL_NOT_JAILED', `validator ${validator} is not jailed`);
  if (height < untilHeight) {
    return refuse('UNJAIL_TOO_EARLY', `validator ${validator} is jailed until height ${untilHeight}`, {
      untilHeight,
    });
  }
  setStanding(state, { ...standing, jailedUntilHeight: undefined });
  return accept({ facts: [{ type: 'unjailed', validator }], payments: [] });
}
