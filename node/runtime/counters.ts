/** Plain numbers by name and label, for metrics: cheap to add to, copied when somebody asks. */

/** What is counted; labels are error codes or topics, so there are few. */
export type CounterName =
  | 'gossip_accepted'
  | 'gossip_ignored'
  | 'gossip_rejected'
  | 'gossip_publish_failed'
  | 'peer_refused'
  | 'peer_disconnected'
  | 'request_failed'
  | 'request_refused'
  | 'request_penalised';

export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: CounterName, label: string): void {
    const key = `${name}/${label}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** How often it happened; over all labels when none is given. */
  count(name: CounterName, label?: string): number {
    if (label !== undefined) return this.#counts.get(`${name}/${label}`) ?? 0;
    let sum = 0;
    for (const [key, count] of this.#counts) if (key.startsWith(`${name}/`)) sum += count;
    return sum;
  }

  /** Everything counted so far, by `name/label`. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
