/** The faults of a scenario in words, for the report of a run: when, what, and for how long. */
import { describeAnchor } from '../scenario/anchors.ts';
import { showDuration } from '../scenario/reader.ts';
import type { TimelineEvent } from '../scenario/types.ts';
import { faultOf } from '../simulation/fuzz/writeScenario.ts';

/** Events shown; of more, only how many there are. */
const FAULT_LINES_MAX = 12;

/** A line for each event that breaks something: `21 s: partition [[node-0], [node-1]], for 30 s`. */
export function describeFaults(timeline: readonly TimelineEvent[]): string[] {
  const events = timeline.filter(({ faults }) => faults.length > 0);
  const lines = events.slice(0, FAULT_LINES_MAX).map(({ at, faults, forMs }) => {
    const texts = faults.map((fault) => {
      const [key, value] = faultOf(fault);
      return `${key} ${plainText(value)}`;
    });
    const span = forMs === undefined ? '' : `, for ${showDuration(forMs)}`;
    return `${describeAnchor(at)}: ${texts.join(' and ')}${span}`;
  });
  const restCount = events.length - lines.length;
  return restCount > 0 ? [...lines, `and ${restCount} more`] : lines;
}

/** As it stands in the file, without quotes. */
function plainText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{ ${entries.map(([key, item]) => `${key}: ${plainText(item)}`).join(', ')} }`;
}
