/** Tells whoever watches a run, of either engine, when its network loses the quorum, who is missing, and when it is back. */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Trace } from './events.ts';

/** Gains and losses kept word for word. */
const WARNINGS_MAX = 20;

export interface QuorumWatchDependencies {
  readonly trace: Trace;
  readonly nowMs: () => TimeMs;
  /** Who keeps the network from agreeing, in words; undefined while it can. */
  readonly describeLoss: () => string | undefined;
}

export class QuorumWatch {
  readonly #dependencies: QuorumWatchDependencies;
  readonly #warnings: string[] = [];
  #hasQuorum = true;

  constructor(dependencies: QuorumWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Gains and losses of the quorum, in words. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Looks, and tells what has changed since the last look. */
  look(): void {
    const { trace, nowMs, describeLoss } = this.#dependencies;
    const missing = describeLoss();
    if ((missing === undefined) === this.#hasQuorum) return;
    this.#hasQuorum = missing === undefined;
    const code = missing === undefined ? 'QUORUM_BACK' : 'QUORUM_LOST';
    const message =
      missing === undefined
        ? 'a quorum of the voting power can agree again'
        : `no quorum of the voting power can agree: ${missing}`;
    trace.reportOther(nowMs(), undefined, 'warning', { code, message });
    if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(`${code} at ${nowMs()} ms: ${message}`);
  }
}
