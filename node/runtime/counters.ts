/** Plain numbers by name and label, for metrics: cheap to add to, copied when somebody asks. */

/** What is counted, in words; labels are error codes or topics, so there are few. */
export const counterHelp = {
  gossip_accepted: 'Gossip messages that were good and went on to others, by topic',
  gossip_ignored: 'Gossip messages of no use, which cost their sender nothing, by code',
  gossip_rejected: 'Gossip that no honest node sends, which costs its sender its score, by code',
  gossip_publish_failed: 'Own gossip messages that could not be sent, by topic',
  gossip_paused: 'Times a peer was not read on because it sent more than was being handled',
  peer_refused: 'Connections ended or not let in, by code',
  peer_disconnected: 'Validators disconnected for their score or their stream, by code',
  request_failed: 'Own requests without an answer, by protocol',
  request_refused: 'Requests of peers that were not served, by code',
  request_penalised: 'Requests and answers of peers that were none, by code',
} as const satisfies Readonly<Record<string, string>>;

export type CounterName = keyof typeof counterHelp;

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
