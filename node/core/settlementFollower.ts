/**
 * Takes the blocks of the settlement chain in and follows its reorganisations, as far as that is possible: once notarised
 * blocks stand on what the chain has taken back, the node votes no more (docs/protocol.md, settlement origin).
 */
import type { SettlementOrigin } from '../../consensus/block.ts';
import type { Simplex } from '../../consensus/simplex/simplex.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { SettlementView } from './settlementView.ts';
import type { Output } from './types.ts';

export type HaltCode = 'SETTLEMENT_REORG_BELOW_ORIGIN';

export interface SettlementFollowerDependencies {
  readonly settlement: SettlementView;
  readonly simplex: Pick<Simplex, 'guardUntil'>;
  readonly output: (output: Output) => void;
}

export class SettlementFollower {
  readonly #dependencies: SettlementFollowerDependencies;
  #finalOrigin: SettlementOrigin;
  /** The newest origin that a notarised block names. */
  #notarizedOrigin: SettlementOrigin;
  #halted: HaltCode | undefined;

  /** @param finalOrigin - Origin of the newest final block. */
  constructor(finalOrigin: SettlementOrigin, dependencies: SettlementFollowerDependencies) {
    this.#dependencies = dependencies;
    this.#finalOrigin = finalOrigin;
    this.#notarizedOrigin = finalOrigin;
    dependencies.settlement.finalize(finalOrigin);
  }

  /** Why this node votes no more; undefined while it takes part. */
  get halted(): HaltCode | undefined {
    return this.#halted;
  }

  /** Takes a block in. @returns Whether the node knows more of the chain than before. */
  receive(block: SettlementBlock): boolean {
    if (this.#halted !== undefined) return false;
    const { settlement, output } = this.#dependencies;
    const { height, hash } = this.#notarizedOrigin;
    const hadOrigin = settlement.at(height)?.hash === hash;
    const reception = settlement.add(block);
    if (reception === 'detached') {
      // What lies between was never delivered, or this block stands on a branch that this node does not know.
      output({ type: 'followSettlement', fromHeight: this.#finalOrigin.height });
      return false;
    }
    // A node that comes late may hold a branch that lost before anybody built on it: leaving that is no harm.
    const isGone = reception === 'reorganised' && hadOrigin && block.height <= height;
    if (isGone || reception === 'contradicts_origin') this.#halt();
    return this.#halted === undefined && reception !== 'known';
  }

  /** A block that names this origin is notarised. */
  notarized(origin: SettlementOrigin): void {
    if (origin.height > this.#notarizedOrigin.height) this.#notarizedOrigin = origin;
  }

  /** A block that names this origin is final. */
  finalized(origin: SettlementOrigin): void {
    if (origin.height === this.#finalOrigin.height) return;
    this.notarized(origin);
    this.#finalOrigin = origin;
    if (!this.#dependencies.settlement.finalize(origin) && this.#halted === undefined) this.#halt();
  }

  /** Keeps all data and votes no more, so that nothing this node signed is ever contradicted. */
  #halt(): void {
    this.#halted = 'SETTLEMENT_REORG_BELOW_ORIGIN';
    const { simplex, output } = this.#dependencies;
    simplex.guardUntil(Number.MAX_SAFE_INTEGER);
    const { height, hash } = this.#notarizedOrigin;
    const message =
      `the settlement chain no longer has its block ${height} (${hash}), on which this chain is built: the node keeps ` +
      'its data and votes no more. Restart it on a settlement chain that has the block; or begin a new chain with ' +
      'origin_confirmations at the depth to which the settlement chain can reorganise';
    output({ type: 'emit', event: { type: 'warning', code: this.#halted, message } });
  }
}
