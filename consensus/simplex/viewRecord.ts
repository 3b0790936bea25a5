/**
 * What a node has seen and done in one view: the leader's proposal, everybody's votes, the certificates they
 * add up to, and its own votes. Keeps the first vote of each kind of each validator; a second, different one
 * is evidence, not a vote.
 */
import type { Block } from '../block.ts';
import type { Hash, ValidatorIndex, View } from '../primitives/flavor.ts';
import type { Signature } from '../primitives/signature.ts';
import type { ValidatorSet } from '../validators.ts';
import { type Certificate, type Vote, type VoteKind, voteSigningBytes } from '../vote.ts';

/** What became of the proposal: `waiting` is judged again when more is known. */
export type ProposalState = 'none' | 'waiting' | 'valid' | 'invalid';

/** The votes of one kind in one view. */
class Tally {
  /** By voter; as long as there are validators, because what grows reserves several times that. */
  readonly votes: (Vote | undefined)[];
  /** The subject voted for first, nearly always the only one, and the power behind it. */
  leadingHash: Hash = '';
  leadingPower = 0;
  /** What is signed by those who vote for `signedHash`. */
  signedHash: Hash = '';
  signingBytes: Uint8Array | undefined;

  constructor(validatorCount: number) {
    this.votes = new Array<Vote | undefined>(validatorCount).fill(undefined);
  }

  forgetSigningBytes(): void {
    this.signedHash = '';
    this.signingBytes = undefined;
  }
}

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
  #accused: ValidatorIndex[] | undefined;
  /** Made on first use: most views see no nullify vote, and a node that was away sees few votes of many views. */
  #notarize: Tally | undefined;
  #nullify: Tally | undefined;
  #finalize: Tally | undefined;
  /** See `late`; made on first use. */
  #late: Vote[] | undefined;
  readonly #validators: ValidatorSet;

  constructor(view: View, validators: ValidatorSet) {
    this.view = view;
    this.#validators = validators;
  }

  /** The view is final: nobody asks for its proposal any more, and hardly anybody votes. */
  retire(): void {
    this.proposal = undefined;
    for (const tally of [this.#notarize, this.#nullify, this.#finalize]) tally?.forgetSigningBytes();
  }

  /** Notes that `voter` contradicted itself. @returns Whether that is news. */
  accuse(voter: ValidatorIndex): boolean {
    if (this.#accused?.includes(voter)) return false;
    this.#accused ??= [];
    this.#accused.push(voter);
    return true;
  }

  hasAccused(voter: ValidatorIndex): boolean {
    return this.#accused?.includes(voter) === true;
  }

  /** Votes that came when the view was final, signatures unchecked; none contradicts another, so there are few. */
  get late(): Vote[] {
    this.#late ??= [];
    return this.#late;
  }

  /** The vote of this kind that `voter` cast first, if seen. */
  voteOf(kind: VoteKind, voter: ValidatorIndex): Vote | undefined {
    return this.#tallyIn(kind)?.votes[voter];
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
    const tally = this.#tally(kind);
    if (tally.signingBytes !== undefined && tally.signedHash === blockHash) return tally.signingBytes;
    const bytes = voteSigningBytes(chainId, { kind, view: this.view, blockHash });
    tally.signedHash = blockHash;
    tally.signingBytes = bytes;
    return bytes;
  }

  /** Any vote of `voter` that cannot stand beside `vote`: same kind for another block, or nullify with finalize. */
  conflictWith(vote: Vote): Vote | undefined {
    const same = this.voteOf(vote.kind, vote.voter);
    if (same !== undefined && same.blockHash !== vote.blockHash) return same;
    if (vote.kind === 'nullify') return this.#finalize?.votes[vote.voter];
    if (vote.kind === 'finalize') return this.#nullify?.votes[vote.voter];
    return undefined;
  }

  /**
   * Counts a verified vote.
   * @returns The voting power now behind the vote's subject.
   */
  add(vote: Vote): number {
    const tally = this.#tally(vote.kind);
    tally.votes[vote.voter] = vote;
    const { power } = this.#validators.at(vote.voter);
    if (tally.leadingPower === 0) tally.leadingHash = vote.blockHash;
    if (tally.leadingHash === vote.blockHash) {
      tally.leadingPower += power;
      return tally.leadingPower;
    }
    // Only an equivocating leader gets here: count the rarer subject afresh.
    let sum = 0;
    for (const other of tally.votes) {
      if (other?.blockHash === vote.blockHash) sum += this.#validators.at(other.voter).power;
    }
    return sum;
  }

  /** Remembers a vote of a checked certificate; it counts no more, since its subject is certified. */
  witness(vote: Vote): void {
    this.#tally(vote.kind).votes[vote.voter] ??= vote;
  }

  /** The smallest certificate from the lowest-indexed voters; call only when they are a quorum. */
  certify(kind: VoteKind, blockHash: Hash): Certificate {
    const { votes } = this.#tally(kind);
    // Certificates live as long as their blocks: lists of the right size have no room to spare, lists that grow do.
    const count = this.#quorumOf(votes, blockHash);
    const signers = new Array<ValidatorIndex>(count);
    const signatures = new Array<Signature>(count);
    let position = 0;
    for (const vote of votes) {
      if (position === count) break;
      if (vote?.blockHash !== blockHash) continue;
      signers[position] = vote.voter;
      signatures[position] = vote.signature;
      position += 1;
    }
    return { kind, view: this.view, blockHash, signers, signatures };
  }

  /** How many of the votes for a block, taken by index, are a quorum. */
  #quorumOf(votes: readonly (Vote | undefined)[], blockHash: Hash): number {
    let power = 0;
    let count = 0;
    for (const vote of votes) {
      if (vote?.blockHash !== blockHash) continue;
      power += this.#validators.at(vote.voter).power;
      count += 1;
      if (this.#validators.isQuorum(power)) break;
    }
    return count;
  }

  #tallyIn(kind: VoteKind): Tally | undefined {
    return kind === 'notarize' ? this.#notarize : kind === 'nullify' ? this.#nullify : this.#finalize;
  }

  #tally(kind: VoteKind): Tally {
    const known = this.#tallyIn(kind);
    if (known !== undefined) return known;
    const tally = new Tally(this.#validators.count);
    if (kind === 'notarize') this.#notarize = tally;
    else if (kind === 'nullify') this.#nullify = tally;
    else this.#finalize = tally;
    return tally;
  }
}
