/**
 * Takes the blocks of the settlement chain in and follows its reorganisations, as far as that is possible: once notarised
 * blocks stand on what the chain has taken back, the node votes no more (docs/protocol.md, settlement origin).
 */
import type { SettlementOrigin } from '../../consensus/block.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
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
  /** Hash of the origin of which it was told that this node's settlement chain has another block there. */
  #told: Hash | undefined;

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
    this.#lookForOrigin();
    return this.#halted === undefined && reception !== 'known';
  }

  /** A block that names this origin is notarised. */
  notarized(origin: SettlementOrigin): void {
    if (origin.height <= this.#notarizedOrigin.height) return;
    this.#notarizedOrigin = origin;
    this.#lookForOrigin();
  }

  /** A block that names this origin is final. */
  finalized(origin: SettlementOrigin): void {
    if (origin.height === this.#finalOrigin.height) return;
    this.notarized(origin);
    this.#finalOrigin = origin;
    if (!this.#dependencies.settlement.finalize(origin) && this.#halted === undefined) this.#halt();
  }

  /**
   * Tells, once, that a notarised block names a settlement block in whose place this node sees another, as deep as an
   * origin lies: a node that was down during such a reorganisation never saw it happen. It may also just be behind, so
   * it waits, and does not halt.
   */
  #lookForOrigin(): void {
    const { settlement, output } = this.#dependencies;
    const { height, hash } = this.#notarizedOrigin;
    const own = settlement.at(height);
    if (own === undefined || own.hash === hash || this.#told === hash || this.#halted !== undefined) return;
    if (!settlement.isConfirmed(height)) return;
    this.#told = hash;
    const message =
      `blocks of this chain build on settlement block ${height} (${hash}), where the settlement chain of this node has ` +
      `${own.hash}: the node waits until it has that block. If it is not just behind, restart it on a settlement ` +
      'chain that has the block; its data is kept';
    output({ type: 'emit', event: { type: 'warning', code: 'SETTLEMENT_ORIGIN_MISSING', message } });
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
