/**
 * Who could have settled at each settlement block: what an engine knows of its own faults and no node can know.
 * A node is absent while something keeps it from settling; disturbed in a block's interval if it was absent at any time
 * in it. Bounded: heights that no running duty can reach back to are forgotten.
 */
import type { SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';

/** Settlement blocks remembered: more than any deadline, and than any reorganisation. */
const HEIGHTS_KEPT = 4096;

export type Presence = 'present' | 'disturbed' | 'absent';

/** What kept a node away, in words, and how much of the time. */
export interface Absence {
  readonly presence: Presence;
  readonly reason: string | undefined;
}

export interface AttendanceDependencies<Node extends { readonly index: ValidatorIndex }> {
  readonly nodes: readonly Node[];
  /** Why a node cannot settle right now, such as `is down`; undefined: it can. */
  readonly absenceOf: (node: Node) => string | undefined;
}

const present: Absence = { presence: 'present', reason: undefined };

export class Attendance<Node extends { readonly index: ValidatorIndex }> {
  readonly #dependencies: AttendanceDependencies<Node>;
  /** By settlement height, ascending; where nobody was disturbed there is nothing. */
  readonly #absences = new Map<SettlementHeight, ReadonlyMap<ValidatorIndex, Absence>>();
  /** Absent at some time since the last settlement block. */
  #disturbed = new Map<ValidatorIndex, string>();

  constructor(dependencies: AttendanceDependencies<Node>) {
    this.#dependencies = dependencies;
  }

  /** Something broke or healed. */
  changed(): void {
    for (const node of this.#dependencies.nodes) {
      const reason = this.#dependencies.absenceOf(node);
      if (reason !== undefined) this.#disturbed.set(node.index, reason);
    }
  }

  /** A settlement block was made; one at a height that was there before takes its place. */
  settlementBlock(height: SettlementHeight): void {
    const absences = new Map<ValidatorIndex, Absence>();
    for (const [node, reason] of this.#disturbed) absences.set(node, { presence: 'disturbed', reason });
    this.#disturbed = new Map();
    for (const node of this.#dependencies.nodes) {
      const reason = this.#dependencies.absenceOf(node);
      if (reason === undefined) continue;
      absences.set(node.index, { presence: 'absent', reason });
      this.#disturbed.set(node.index, reason);
    }
    this.#absences.delete(height);
    if (absences.size > 0) this.#absences.set(height, absences);
    for (const old of this.#absences.keys()) {
      if (old > height - HEIGHTS_KEPT) return;
      this.#absences.delete(old);
    }
  }

  /** How present a node was in the blocks above one height up to another: the best of them counts. */
  between(node: ValidatorIndex, after: SettlementHeight, upTo: SettlementHeight): Absence {
    let best: Absence | undefined;
    for (let height = after + 1; height <= upTo; height += 1) {
      const absence = this.#absences.get(height)?.get(node) ?? present;
      if (absence.presence === 'present') return absence;
      if (best === undefined || absence.presence === 'disturbed') best = absence;
    }
    return best ?? present;
  }
}
