/**
 * The chain above the last final block, as one node knows it: the open views with their votes and certificates, and
 * the blocks they name. Says what can be built on, what is lacking and what a peer may have; casts no vote.
 */
import type { Block } from '../block.ts';
import { assert } from '../primitives/codedError.ts';
import { type Hash, type Height, type View, ZERO_HASH } from '../primitives/flavor.ts';
import type { ValidatorSet } from '../validators.ts';
import type { Certificate, VoteKind } from '../vote.ts';
import type { SimplexLack } from './host.ts';
import { ViewRecord } from './viewRecord.ts';

const kinds: readonly VoteKind[] = ['notarize', 'nullify', 'finalize'];

/** Views that a node keeps of those before one that it knows to be final, without the blocks up to it. */
export const VIEWS_BEHIND_MAX = 512;

/** What others may look at. */
export type ChainReader = Pick<
  OpenChain,
  | 'finalized'
  | 'finalizedView'
  | 'notarizedHeight'
  | 'newestCertificate'
  | 'lack'
  | 'block'
  | 'notarizationOf'
  | 'openCertificates'
>;

export class OpenChain {
  readonly #validators: ValidatorSet;
  /** Both are made anew when something is final: little is left then, and a table that many came and went through keeps them alive. */
  #views = new Map<View, ViewRecord>();
  #blocks = new Map<Hash, Block>();
  #finalized: Block;
  /** View of the newest finalisation certificate; at least the view of `#finalized`. */
  #finalizedView: View;
  /** Views up to this one are forgotten although the final block below them is not known here. */
  #forgottenView: View = 0;
  /** The view this node is in. */
  #view: View = 0;
  #notarizedHeight: Height = 0;
  #newestCertificate: Certificate | undefined;
  /**
   * What the proposal of the current view stands on and this node lacks. A view may have both a notarisation and a
   * nullification: having one of them does not help when the proposal needs the other.
   */
  #lackedView: View | undefined;
  #lackedHash: Hash = ZERO_HASH;

  constructor(validators: ValidatorSet, finalized: { readonly block: Block; readonly view: View }) {
    this.#validators = validators;
    this.#finalized = finalized.block;
    this.#finalizedView = finalized.view;
  }

  get finalized(): Block {
    return this.#finalized;
  }

  get finalizedView(): View {
    return this.#finalizedView;
  }

  /** In views up to this one nothing is decided any more; this node remembers no votes of them. */
  get closedView(): View {
    return Math.max(this.#finalizedView, this.#forgottenView);
  }

  /** Height of the highest notarised block seen. */
  get notarizedHeight(): Height {
    return Math.max(this.#notarizedHeight, this.#finalized.header.height);
  }

  /** The certificate of the highest view seen: proof of how far this node is. */
  get newestCertificate(): Certificate | undefined {
    return this.#newestCertificate;
  }

  /** The record of a view that is not final, if anything happened in it. */
  recordIn(view: View): ViewRecord | undefined {
    return this.#views.get(view);
  }

  /** The record of a view that is not final, made on first use. */
  record(view: View): ViewRecord {
    let record = this.#views.get(view);
    if (record === undefined) {
      record = new ViewRecord(view, this.#validators);
      this.#views.set(view, record);
    }
    return record;
  }

  /** A block that is not final yet, if this node holds it. */
  block(hash: Hash): Block | undefined {
    return this.#blocks.get(hash);
  }

  addBlock(block: Block): void {
    this.#blocks.set(block.hash, block);
  }

  noteNewest(certificate: Certificate): void {
    if (certificate.view >= (this.#newestCertificate?.view ?? 0)) this.#newestCertificate = certificate;
  }

  noteNotarized({ header }: Block): void {
    if (header.height > this.#notarizedHeight) this.#notarizedHeight = header.height;
  }

  /**
   * The blocks above the last final one up to the one named, ascending.
   * @returns Undefined when one of them is not here.
   */
  chainTo(named: Hash): Block[] | undefined {
    const chain: Block[] = [];
    let hash = named;
    while (hash !== this.#finalized.hash) {
      const block = this.#blocks.get(hash);
      if (block === undefined) return undefined;
      assert(block.header.height > this.#finalized.header.height, 'two blocks final at one height');
      chain.push(block);
      hash = block.header.parentHash;
    }
    return chain.reverse();
  }

  /**
   * Everything up to the block and the view of its finalisation is final: rivals and old views are forgotten.
   * @param retire - Takes each of those views.
   */
  finalize(last: Block, finalizedView: View, retire: (record: ViewRecord) => void): void {
    this.#finalized = last;
    this.#finalizedView = finalizedView;
    const views = new Map<View, ViewRecord>();
    this.#views.forEach((record, view) => {
      if (view > finalizedView) views.set(view, record);
      else retire(record);
    });
    this.#views = views;
    const { height } = last.header;
    const blocks = new Map<Hash, Block>();
    this.#blocks.forEach((block, hash) => {
      if (block.header.height > height && block.header.view > finalizedView) blocks.set(hash, block);
    });
    this.#blocks = blocks;
  }

  /**
   * A view far ahead is known to be final, but not the blocks up to it: of the views before it only the newest are kept,
   * so that a node that cannot catch up does not fill its memory. What it lacks comes as a finalised chain, if at all.
   * @param final - The view that is final.
   */
  forgetBehind(final: View, retire: (record: ViewRecord) => void): void {
    if (this.#views.size <= 2 * VIEWS_BEHIND_MAX) return;
    this.#forgottenView = Math.max(this.#forgottenView, final - VIEWS_BEHIND_MAX);
    for (const [view, record] of this.#views) {
      if (view > this.#forgottenView) continue;
      this.#views.delete(view);
      retire(record);
    }
    for (const [hash, { header }] of this.#blocks) {
      if (header.view <= this.#forgottenView) this.#blocks.delete(hash);
    }
  }

  // What to build on -------------------------------------------------------------------------------------

  /** The newest notarised block all of whose later views are nullified; undefined when something is missing. */
  proposalParent(view: View): Block | undefined {
    for (let earlier = view - 1; earlier > this.#finalizedView; earlier -= 1) {
      const record = this.#views.get(earlier);
      if (record?.notarization !== undefined) return this.#blocks.get(record.notarization.blockHash);
      if (record?.nullification === undefined) return undefined;
    }
    return this.#finalized;
  }

  /** The newest notarised block known below `view`, for timing only. */
  newestParent(view: View): Block {
    for (let earlier = view - 1; earlier > this.#finalizedView; earlier -= 1) {
      const notarization = this.#views.get(earlier)?.notarization;
      const block = notarization && this.#blocks.get(notarization.blockHash);
      if (block !== undefined) return block;
    }
    return this.#finalized;
  }

  /** The proposal's parent, if it is notarised and every view between the two is nullified. */
  notarizedParent(block: Block): Block | 'missing' | 'invalid' {
    const { parentHash, view, height } = block.header;
    const parent = parentHash === this.#finalized.hash ? this.#finalized : this.#blocks.get(parentHash);
    this.#lackedHash = parent === undefined ? parentHash : ZERO_HASH;
    this.#lackedView = undefined;
    if (parent === undefined) return 'missing';
    if (parent.header.view >= view || parent.header.height + 1 !== height) return 'invalid';
    const from = parent === this.#finalized ? this.#finalizedView : parent.header.view;
    if (parent !== this.#finalized) {
      if (from <= this.#finalizedView) return 'invalid';
      const record = this.#views.get(from);
      if (record?.notarization?.blockHash !== parentHash) {
        this.#lackedView = from;
        return 'missing';
      }
    }
    for (let between = from + 1; between < view; between += 1) {
      if (this.#views.get(between)?.nullification !== undefined) continue;
      this.#lackedView = between;
      return 'missing';
    }
    return parent;
  }

  // What is lacking, and what peers may have -------------------------------------------------------------

  /** This node enters a view: what the last one's proposal lacked no longer matters. */
  beginView(view: View): void {
    this.#view = view;
    this.#lackedView = undefined;
    this.#lackedHash = ZERO_HASH;
  }

  /** What this node lacks to go on, for a peer that may have it. */
  get lack(): SimplexLack {
    let view = this.#finalizedView + 1;
    for (; view < this.#view; view += 1) {
      const record = this.#views.get(view);
      if (record?.notarization === undefined && record?.nullification === undefined) break;
      const named = record.notarization?.blockHash;
      if (named !== undefined && !this.#blocks.has(named)) break;
    }
    return { fromView: Math.min(view, this.#lackedView ?? view), blockHash: this.#lackedHash };
  }

  /** True when a certificate names this block and it is not here. */
  isWanted({ hash, header }: Block): boolean {
    const record = this.#views.get(header.view);
    const isNamed = record?.notarization?.blockHash === hash || record?.finalization?.blockHash === hash;
    return isNamed && !this.#blocks.has(hash);
  }

  /** The notarisation of a block that is not final yet. */
  notarizationOf(hash: Hash): Certificate | undefined {
    const block = this.#blocks.get(hash);
    const notarization = block && this.#views.get(block.header.view)?.notarization;
    return notarization?.blockHash === hash ? notarization : undefined;
  }

  /** Certificates of unfinalised views from `from` on, ascending, for a peer that asks. */
  openCertificates(from: View, countMax: number): Certificate[] {
    const certificates: Certificate[] = [];
    const views = [...this.#views.keys()].filter((view) => view >= from).sort((a, b) => a - b);
    for (const view of views) {
      for (const kind of kinds) {
        const certificate = this.#views.get(view)?.certificateOf(kind);
        if (certificate !== undefined && certificates.length < countMax) certificates.push(certificate);
      }
    }
    return certificates;
  }
}
