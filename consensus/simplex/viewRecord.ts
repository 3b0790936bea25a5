/**
 * What a node has seen and done in one view: the leader's proposal, everybody's votes, the certificates they
 * add up to, and its own votes. Keeps the first vote of each kind of each validator; a second, different one
 * is evidence, not a vote.
 */
import type { Block } from '../block.ts';
import { type Hash, type ValidatorIndex, type View, ZERO_HASH } from '../primitives/flavor.ts';
import type { ValidatorSet } from '../validators.ts';
import { type Certificate, type Vote, type VoteKind, voteSigningBytes } from '../vote.ts';

/** What became of the proposal: `waiting` is judged again when more is known. */
export type ProposalState = 'none' | 'waiting' | 'valid' | 'invalid';

type Votes = (Vote | undefined)[];

export class ViewRecord {
  readonly view: View;
  proposal: Block | undefined;
  proposalState: ProposalState = 'none';
  notarization: Certificate | undefined;
  nullification: Certificate | undefined;
  finalization: Certificate | undefined;
  /** This node's own votes, restored after a restart; never contradicted. */
  ownNotarize: Vote | undefined;
  ownNullify: Vote | undefined;
  ownFinalize: Vote | undefined;
  /** Voters whose equivocation in this view was reported. */
  readonly accused = new Set<ValidatorIndex>();
  readonly #notarize: Votes = [];
  readonly #nullify: Votes = [];
  readonly #finalize: Votes = [];
  readonly #signingBytes: Partial<
    Record<VoteKind, { readonly blockHash: Hash; readonly bytes: Uint8Array }>
  > = {};
  #leadingHash: Record<VoteKind, Hash> = { notarize: '', nullify: ZERO_HASH, finalize: '' };
  #leadingPower: Record<VoteKind, number> = { notarize: 0, nullify: 0, finalize: 0 };

  constructor(view: View) {
    this.view = view;
  }

  /** The vote of this kind that `voter` cast first, if seen. */
  voteOf(kind: VoteKind, voter: ValidatorIndex): Vote | undefined {
    return this.#votes(kind)[voter];
  }

  /** This node's own votes, in the order in which it may cast them. */
  ownVotes(): Vote[] {
    return [this.ownNotarize, this.ownNullify, this.ownFinalize].filter((vote) => vote !== undefined);
  }

  /** Takes a vote as this node's own: it binds the node from now on. */
  adoptOwn(vote: Vote): void {
    if (vote.kind === 'notarize') this.ownNotarize = vote;
    else if (vote.kind === 'nullify') this.ownNullify = vote;
    else this.ownFinalize = vote;
  }

  certificateOf(kind: VoteKind): Certificate | undefined {
    if (kind === 'notarize') return this.notarization;
    return kind === 'nullify' ? this.nullification : this.finalization;
  }

  /** What a voter signs about this view, kept because every node checks it for every voter. */
  signingBytes(chainId: Hash, kind: VoteKind, blockHash: Hash): Uint8Array {
    const kept = this.#signingBytes[kind];
    if (kept?.blockHash === blockHash) return kept.bytes;
    const bytes = voteSigningBytes(chainId, { kind, view: this.view, blockHash });
    this.#signingBytes[kind] = { blockHash, bytes };
    return bytes;
  }

  /** Any vote of `voter` that cannot stand beside `vote`: same kind for another block, or nullify with finalize. */
  conflictWith(vote: Vote): Vote | undefined {
    const same = this.voteOf(vote.kind, vote.voter);
    if (same !== undefined && same.blockHash !== vote.blockHash) return same;
    if (vote.kind === 'nullify') return this.#finalize[vote.voter];
    if (vote.kind === 'finalize') return this.#nullify[vote.voter];
    return undefined;
  }

  /**
   * Counts a verified vote.
   * @returns The voting power now behind the vote's subject.
   */
  add(vote: Vote, validators: ValidatorSet): number {
    const votes = this.#votes(vote.kind);
    votes[vote.voter] = vote;
    const power = validators.at(vote.voter).power;
    if (this.#leadingPower[vote.kind] === 0) this.#leadingHash[vote.kind] = vote.blockHash;
    if (this.#leadingHash[vote.kind] === vote.blockHash) {
      this.#leadingPower[vote.kind] += power;
      return this.#leadingPower[vote.kind];
    }
    // Only an equivocating leader gets here: count the rarer subject afresh.
    let sum = 0;
    for (const other of votes) {
      if (other?.blockHash === vote.blockHash) sum += validators.at(other.voter).power;
    }
    return sum;
  }

  /** The smallest certificate from the lowest-indexed voters; call only when they are a quorum. */
  certify(kind: VoteKind, blockHash: Hash, validators: ValidatorSet): Certificate {
    const signers: ValidatorIndex[] = [];
    const signatures: Uint8Array[] = [];
    let power = 0;
    for (const vote of this.#votes(kind)) {
      if (vote === undefined || vote.blockHash !== blockHash) continue;
      signers.push(vote.voter);
      signatures.push(vote.signature);
      power += validators.at(vote.voter).power;
      if (validators.isQuorum(power)) break;
    }
    return { kind, view: this.view, blockHash, signers, signatures };
  }

  #votes(kind: VoteKind): Votes {
    return kind === 'notarize' ? this.#notarize : kind === 'nullify' ? this.#nullify : this.#finalize;
  }
}
