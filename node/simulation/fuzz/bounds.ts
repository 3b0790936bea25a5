/**
 * What the fuzzer may do to a network and still demand every law: fewer than a third of the power is dishonest or loses
 * its disk, a third counted over both together; the chain reorgs no deeper than `origin_confirmations`; and whatever
 * else is broken has healed `QUIET_MS` before the end. Drawing and shrinking both stay inside it.
 */
import { byzantineKeys, isInstant } from '../../scenario/faultKinds.ts';
import type { Fault, Scenario, TimelineEvent } from '../../scenario/types.ts';

/** Virtual time at the end of a run in which nothing is broken any more, in ms: enough to finalise and to catch up. */
export const QUIET_MS = 60_000;

const byzantineTypes: readonly Fault['type'][] = byzantineKeys;

/** Is the node behind this fault dishonest? */
export function isByzantine(fault: Fault): boolean {
  return byzantineTypes.includes(fault.type);
}

/** The node that counts against the third, if the fault makes it count. */
export function suspectOf(fault: Fault): string | undefined {
  if (!('node' in fault) || fault.type === 'settlement_chain') return undefined;
  if (isByzantine(fault) || fault.type === 'disk') return fault.node;
  return fault.type === 'crash' && fault.lose === 'all' ? fault.node : undefined;
}

/** Says why a scenario leaves the bound, or nothing when it is inside. */
export function findBoundProblem(scenario: Scenario): string | undefined {
  const { config, timeline, durationMs } = scenario;
  const healedMs = durationMs - QUIET_MS;
  const suspects = new Set<string>();
  const stepMs = new Map<string, number>();
  for (const event of timeline) {
    for (const fault of event.faults) {
      const suspect = suspectOf(fault);
      if (suspect !== undefined) suspects.add(suspect);
      if (fault.type === 'settlement_chain' && fault.kind === 'reorg') {
        if (fault.depth > config.settlement.originConfirmations) return 'a reorg below a settlement origin';
      }
      if (fault.type === 'clock_step') stepMs.set(fault.node, (stepMs.get(fault.node) ?? 0) + fault.ms);
      if (!hasNoEnd(fault) && !isByzantine(fault) && endOf(event) > healedMs) {
        return `${fault.type} outlasts ${healedMs} ms`;
      }
      if (hasNoEnd(fault) && startOf(event) > healedMs) return `${fault.type} after ${healedMs} ms`;
    }
  }
  if ([...stepMs.values()].some((ms) => ms !== 0)) return 'a clock stays off';
  let power = 0;
  let total = 0;
  for (const { name, stake } of config.validators) {
    total += stake;
    if (suspects.has(name)) power += stake;
  }
  return 3 * power < total ? undefined : 'a third of the power is dishonest or loses its disk';
}

/** Nothing has to end it: it is over at once, or does something once at its start that others undo. */
export function hasNoEnd(fault: Fault): boolean {
  return isInstant(fault) || (fault.type === 'settlement_chain' && fault.kind === 'base_fee');
}

/** Drawn faults are anchored to times: only those have an end that is known beforehand. */
function startOf({ at }: TimelineEvent): number {
  return 'timeMs' in at ? at.timeMs : Number.POSITIVE_INFINITY;
}

function endOf(event: TimelineEvent): number {
  return startOf(event) + (event.forMs ?? Number.POSITIVE_INFINITY);
}
