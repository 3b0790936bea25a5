/**
 * The silence of a node that lost its disk: it may have forgotten votes, so it casts none and sends no settlement until
 * that cannot matter (docs/protocol.md, a node that lost its disk). Kept on disk over further restarts.
 */

import type { View } from '../../consensus/primitives/flavor.ts';
import { verifyCertificate } from '../../consensus/vote.ts';
import type { SyncResponse } from './messages.ts';
import type { NodeDependencies, NodeOptions } from './ports.ts';
import type { Guard } from './store.ts';
import type { PeerId } from './types.ts';

export class Silence {
  readonly #options: NodeOptions;
  readonly #dependencies: NodeDependencies;
  #guard: Guard | undefined;
  #mayHaveRun = false;
  /** What each peer reported of its view, while that must be known. */
  #reports: Map<PeerId, View> | undefined;

  constructor(options: NodeOptions, dependencies: NodeDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Set while this node must be silent. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  /** True while the node must know how far its peers are. */
  get needsReports(): boolean {
    return this.#reports !== undefined;
  }

  /** @param guard - What the start found: a silence that goes on, a new one, or none. */
  begin(guard: Guard | undefined, mayHaveRun: boolean): void {
    this.#guard = guard;
    this.#mayHaveRun = mayHaveRun;
    if (guard !== undefined && guard.untilView === undefined) this.#reports = new Map();
  }

  /** Whether the silence is over once a block is final in this view. */
  endsIn(view: View): boolean {
    return this.#guard?.untilView !== undefined && view >= this.#guard.untilView;
  }

  end(): void {
    this.#guard = undefined;
  }

  /**
   * A node without its vote log waits until a quorum (itself included) has shown how far it is, then until a block
   * is final in a view two above all of that. Views are believed with the certificate that opened them only, so
   * nobody can silence a node by a lie. A network that has not begun has nothing to forget.
   * @returns The view until which the node is silent, as soon as it is known; 0 when there is no need.
   */
  noteReport(peer: PeerId, { proof }: SyncResponse): View | undefined {
    const reports = this.#reports;
    const { genesis, self } = this.#options;
    if (reports === undefined) return undefined;
    if (proof !== undefined && !verifyCertificate(proof, genesis, this.#dependencies.crypto).ok) {
      return undefined;
    }
    reports.set(peer, proof === undefined ? 1 : proof.view + 1);
    const { validators } = genesis;
    let power = validators.at(self).power;
    let newestView = 0;
    for (const [reporter, reported] of reports) {
      power += validators.at(reporter).power;
      newestView = Math.max(newestView, reported);
    }
    if (!validators.isQuorum(power)) return undefined;
    this.#reports = undefined;
    const untilView = newestView <= 1 && !this.#mayHaveRun ? 0 : newestView + 2;
    this.#guard = untilView === 0 ? undefined : { untilView };
    return untilView;
  }
}
