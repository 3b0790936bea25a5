/** Counts by label: hot code adds to plain numbers, and a counter takes them over when somebody reads the metrics. */
import { Counter, type Registry } from 'prom-client';

export type LabelledCounts = Map<string, number>;

/** Between labels; none that is counted by has it. */
const SEPARATOR = '|';

/** @param labels - Values, in the order of the counter's names. */
export function addCount(counts: LabelledCounts, labels: readonly string[], amount = 1): void {
  const key = labels.join(SEPARATOR);
  counts.set(key, (counts.get(key) ?? 0) + amount);
}

export interface LabelledCounterFacts {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

export function registerCounts(
  registry: Registry,
  { name, help, labelNames }: LabelledCounterFacts,
  counts: LabelledCounts,
): void {
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, count] of counts) {
        const values = key.split(SEPARATOR);
        this.inc(Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? ''])), count);
      }
    },
  });
}
