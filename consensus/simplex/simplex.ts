/**
 * Simplex agreement (Chan and Pass, IACR ePrint 2023/463) with separate notarize, nullify and finalize votes and
 * views apart from heights (docs/protocol.md, agreement). A pure state machine: time comes with every call,
 * what it wants done goes to its host, and it knows nothing of what blocks contain.
 *
 * Safety rests on two rules kept here: never two different notarize votes in a view, and never both nullify and
 * finalize in a view, across restarts too (own votes are durable before they are sent and are restored).
 */
import type { Block } from '../block.ts';
import { assert } from '../primitives/codedError.ts';
import { type Hash, type TimeMs, type ValidatorIndex, type View, ZERO_HASH } from '../primitives/flavor.ts';
import type { Signer, Verifier } from '../primitives/signature.ts';
import type { ValidatorSet } from '../validators.ts';
import { type Certificate, type Vote, type VoteKind, verifyCertificate, voteSigningBytes } from '../vote.ts';
import type { LeaderSchedule } from '../weightedRotation.ts';
import { ViewRecord } from './viewRecord.ts';

/** How far ahead of its own view a node keeps votes; further ones only tell it that it is behind. */
export const VIEWS_AHEAD_MAX = 64;
/** A stuck node repeats itself after one delta, then twice as long each time, up to this many. */
const REBROADCAST_DELTAS_MAX = 4;

export type SimplexTimer = 'propose' | 'view' | 'rebroadcast';

/** What becomes of a message, and why when it is not accepted. A node's output as it stands. */
export interface MessageJudgement {
  readonly type: 'verdict';
  readonly verdict: 'accept' | 'ignore' | 'reject';
  readonly code: string | undefined;
}

/** The node around the protocol. Calls come while the protocol handles an input; none may call back into it. */
export interface SimplexHost {
  /**
   * Makes the vote durable (a notarize vote together with `record.proposal`), then sends it; with `block` it is
   * the leader's proposal.
   */
  castVote(vote: Vote, record: ViewRecord, block: Block | undefined): void;
  /** Writes down the view's new notarisation or nullification, durable no later than the next vote. */
  keep(record: ViewRecord): void;
  setTimer(timer: SimplexTimer, at: TimeMs): void;
  clearTimer(timer: SimplexTimer): void;
  /** Repeats own votes of the stuck view beside the newest certificate. */
  rebroadcast(votes: readonly Vote[], certificate: Certificate | undefined): void;
  /** Asks a peer (`undefined`: the host's choice) for blocks and certificates this node lacks. */
  requestMissing(peer: ValidatorIndex | undefined): void;
  /** Builds a block on `parent`; undefined when it cannot yet (it calls `reconsider` later). */
  propose(parent: Block, view: View, nowMs: TimeMs): Block | undefined;
  /** Judges a proposal by re-execution. `wait`: not yet decidable; the host calls `reconsider` later. */
  validate(block: Block, parent: Block, nowMs: TimeMs): 'valid' | 'invalid' | 'wait';
  /**
   * True when the block carries the body its header names, every item signed as it must be. The hash covers the
   * header alone, so a copy with another body is nobody's block, however well its header is certified.
   */
  isBodyValid(block: Block): boolean;
  notarized(view: View, blockHash: Hash, block: Block | undefined): void;
  nullified(view: View): void;
  /** Ascending, each the parent of the next, the last one named by the certificate. */
  finalized(blocks: readonly Block[], certificate: Certificate): void;
  equivocation(first: Vote, second: Vote): void;
}

export interface SimplexOptions {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly self: ValidatorIndex;
  readonly blockTimeMs: number;
  /** Assumed bound on one message's delay, in ms. */
  readonly deltaMs: number;
  /** Views without a vote after which a leader is skipped at once. */
  readonly inactiveViews: number;
}

/** What a node remembers over a restart, of views that were not final. */
export interface SimplexMemory {
  readonly votes: readonly Vote[];
  /** The blocks that own notarize votes were cast for. */
  readonly proposals: readonly Block[];
  /** The notarisations and nullifications by which views were left. */
  readonly certificates: readonly Certificate[];
}

/** What a node lacks to judge a proposal or to go on. */
export interface SimplexLack {
  /** From this view on it needs certificates and the blocks they name. */
  readonly fromView: View;
  /** A notarised block that it does not know, nor in which view it stands; zero when there is none. */
  readonly blockHash: Hash;
}

export interface SimplexDependencies {
  readonly host: SimplexHost;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly leaders: LeaderSchedule;
}

export const accepted: MessageJudgement = { type: 'verdict', verdict: 'accept', code: undefined };
const voteStale = ignore('VOTE_STALE');
const voteDuplicate = ignore('VOTE_DUPLICATE');
const equivocationKnown = ignore('VOTE_EQUIVOCATION_KNOWN');

export class Simplex {
  readonly #options: SimplexOptions;
  readonly #host: SimplexHost;
  readonly #signer: Signer;
  readonly #verifier: Verifier;
  readonly #leaders: LeaderSchedule;
  readonly #views = new Map<View, ViewRecord>();
  readonly #blocks = new Map<Hash, Block>();
  /** Newest view in which each validator was seen to vote. */
  readonly #lastVotedView: View[];
  #finalized: Block;
  /** View of the newest finalisation certificate; at least the view of `#finalized`. */
  #finalizedView: View;
  #view: View = 0;
  #notarizedHeight = 0;
  #newestCertificate: Certificate | undefined;
  /** The newest finalisation whose blocks are not all here. */
  #unappliedFinalization: Certificate | undefined;
  /** Below this finalised view the node casts no vote (it lost its vote log). */
  #silentUntilView: View = 0;
  /**
   * What the proposal of the current view stands on and this node lacks. A view may have both a notarisation and a
   * nullification: having one of them does not help when the proposal needs the other.
   */
  #lackedView: View | undefined;
  #lackedHash: Hash = ZERO_HASH;
  #proposeTimerSet = false;
  #viewTimerPhase: 'leader' | 'advance' = 'leader';
  #leaderDeadlineMs: TimeMs = 0;
  /** How often this node has repeated itself in the current view, plus one; 0 while the view runs. */
  #stuckRounds = 0;

  /** @param finalized - The last final block, and the view of the newest finalisation certificate. */
  constructor(
    options: SimplexOptions,
    dependencies: SimplexDependencies,
    finalized: { readonly block: Block; readonly view: View },
  ) {
    this.#options = options;
    this.#host = dependencies.host;
    this.#signer = dependencies.signer;
    this.#verifier = dependencies.verifier;
    this.#leaders = dependencies.leaders;
    this.#finalized = finalized.block;
    this.#finalizedView = finalized.view;
    this.#lastVotedView = options.validators.validators.map(() => 0);
  }

  get view(): View {
    return this.#view;
  }

  get finalized(): Block {
    return this.#finalized;
  }

  get finalizedView(): View {
    return this.#finalizedView;
  }

  /** Height of the highest notarised block seen. */
  get notarizedHeight(): number {
    return Math.max(this.#notarizedHeight, this.#finalized.header.height);
  }

  /** The certificate of the highest view seen: proof of how far this node is. */
  get newestCertificate(): Certificate | undefined {
    return this.#newestCertificate;
  }

  /** True while this node must not sign anything. */
  get isGuarded(): boolean {
    return this.#finalizedView < this.#silentUntilView;
  }

  lastVotedView(voter: ValidatorIndex): View {
    return this.#lastVotedView[voter] ?? 0;
  }

  /**
   * Begins in the view after the last finalised one, bound by the votes cast before.
   * What is restored is only what nobody might still have when everybody restarts at once.
   */
  start(memory: SimplexMemory, nowMs: TimeMs): void {
    for (const certificate of memory.certificates) {
      if (certificate.view <= this.#finalizedView) continue;
      const record = this.#record(certificate.view);
      if (certificate.kind === 'notarize') record.notarization = certificate;
      else record.nullification = certificate;
      this.#noteNewest(certificate);
    }
    for (const vote of memory.votes) {
      if (vote.view <= this.#finalizedView) continue;
      const record = this.#record(vote.view);
      this.#setOwn(record, vote);
      record.add(vote, this.#options.validators);
    }
    for (const block of memory.proposals) {
      const record = this.#views.get(block.header.view);
      if (record?.ownNotarize?.blockHash !== block.hash) continue;
      record.proposal = block;
      record.proposalState = 'valid';
      this.#blocks.set(block.hash, block);
    }
    this.#enter(Math.max(this.#finalizedView, this.#newestCertificate?.view ?? 0) + 1, nowMs);
  }

  /** Casts no vote until a block is final in a view at least this high; 0 ends that. */
  guardUntil(view: View): void {
    this.#silentUntilView = view;
  }

  /** A leader's block with its notarize vote. */
  onProposal(block: Block, vote: Vote, nowMs: TimeMs): MessageJudgement {
    const { header } = block;
    const { view } = header;
    if (view <= this.#finalizedView) return ignore('PROPOSAL_STALE');
    if (!isProposalVote(block, vote) || header.chainId !== this.#options.chainId || header.height < 1) {
      return reject('PROPOSAL_INVALID');
    }
    if (!this.#options.validators.has(vote.voter)) return reject('VOTE_VOTER_UNKNOWN');
    // Before anything is computed for a view that far away.
    if (view > this.#view + VIEWS_AHEAD_MAX) return this.#farAhead(vote);
    if (header.leader !== this.#leaders.leaderOf(view)) return reject('PROPOSAL_INVALID');
    const record = this.#record(view);
    if (record.proposal?.hash === block.hash) return ignore('PROPOSAL_DUPLICATE');
    const known = record.voteOf('notarize', vote.voter);
    const judgement = known?.blockHash === vote.blockHash ? accepted : this.#admit(record, vote);
    if (judgement.verdict !== 'accept') return judgement;
    const isFirst = record.conflictWith(vote) === undefined;
    const isWhole = this.#host.isBodyValid(block);
    if (isWhole && isFirst && record.proposal === undefined) {
      record.proposal = block;
      this.#blocks.set(block.hash, block);
    }
    if (known === undefined && isFirst) this.#count(record, vote, nowMs);
    if (!isWhole) return reject('PROPOSAL_BODY_INVALID');
    if (view === this.#view) this.#tryNotarize(nowMs);
    this.#tryFinalize(nowMs);
    return accepted;
  }

  onVote(vote: Vote, nowMs: TimeMs): MessageJudgement {
    if (!this.#options.validators.has(vote.voter)) return reject('VOTE_VOTER_UNKNOWN');
    const { view } = vote;
    if (view <= this.#finalizedView) return this.#noteActivity(vote);
    if (view > this.#view + VIEWS_AHEAD_MAX) return this.#farAhead(vote);
    const record = this.#record(view);
    const judgement = this.#admit(record, vote);
    if (judgement.verdict === 'accept' && record.conflictWith(vote) === undefined) {
      this.#count(record, vote, nowMs);
    }
    return judgement;
  }

  /** A certificate from a peer: checked whole, then as good as the votes it stands for. */
  onCertificate(certificate: Certificate, nowMs: TimeMs): MessageJudgement {
    if (certificate.view <= this.#finalizedView) return ignore('CERTIFICATE_STALE');
    const known = this.#views.get(certificate.view);
    if (known !== undefined && certificateOf(known, certificate.kind) !== undefined) {
      return ignore('CERTIFICATE_DUPLICATE');
    }
    const verdict = verifyCertificate(certificate, this.#options, this.#verifier);
    if (!verdict.ok) return reject(verdict.code);
    const record = this.#record(certificate.view);
    for (const signer of certificate.signers) this.#noteVoted(signer, certificate.view);
    this.#certified(record, certificate, nowMs);
    return accepted;
  }

  /** A block from a peer; kept only when a certificate names it, so nobody can fill the memory. */
  onBlock(block: Block, nowMs: TimeMs): boolean {
    const record = this.#views.get(block.header.view);
    const wanted =
      record?.notarization?.blockHash === block.hash || record?.finalization?.blockHash === block.hash;
    if (!wanted || this.#blocks.has(block.hash) || !this.#host.isBodyValid(block)) return false;
    this.#blocks.set(block.hash, block);
    this.#noteNotarizedHeight(block);
    this.#tryFinalize(nowMs);
    this.reconsider(nowMs);
    return true;
  }

  /**
   * Finalised blocks fetched from a peer: the first a child of this node's last, the certificate for the last.
   * @returns False when the chain or its certificate does not hold; nothing changes then.
   */
  onFinalizedChain(blocks: readonly Block[], certificate: Certificate, nowMs: TimeMs): boolean {
    let parent = this.#finalized;
    for (const block of blocks) {
      if (block.header.parentHash !== parent.hash || block.header.height !== parent.header.height + 1) {
        return false;
      }
      parent = block;
    }
    const { kind, blockHash, view } = certificate;
    if (blocks.length === 0 || kind !== 'finalize' || blockHash !== parent.hash) return false;
    if (view !== parent.header.view || view <= this.#finalizedView) return false;
    if (!verifyCertificate(certificate, this.#options, this.#verifier).ok) return false;
    if (!blocks.every((block) => this.#host.isBodyValid(block))) return false;
    for (const signer of certificate.signers) this.#noteVoted(signer, certificate.view);
    this.#noteNewest(certificate);
    this.#finalize(blocks, certificate);
    this.#enter(certificate.view + 1, nowMs);
    return true;
  }

  onTimer(timer: SimplexTimer, nowMs: TimeMs): void {
    if (timer === 'propose') {
      this.#proposeTimerSet = false;
      this.#tryPropose(nowMs);
    } else if (timer === 'view') this.#onViewTimer(nowMs);
    else this.#repeatWhileStuck(nowMs);
  }

  /** Judges again what could not be decided: call when a clock moved on or something missing came in. */
  reconsider(nowMs: TimeMs): void {
    this.#tryNotarize(nowMs);
    if (!this.#proposeTimerSet) this.#tryPropose(nowMs);
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
      const record = this.#views.get(view);
      for (const kind of ['notarize', 'nullify', 'finalize'] as const) {
        const certificate = record && certificateOf(record, kind);
        if (certificate !== undefined && certificates.length < countMax) certificates.push(certificate);
      }
    }
    return certificates;
  }

  /** A block that is not final yet, if this node holds it. */
  openBlock(hash: Hash): Block | undefined {
    return this.#blocks.get(hash);
  }

  // Votes ------------------------------------------------------------------------------------------------

  /** Duplicate and signature checks of a vote; reports an equivocation when it proves one. */
  #admit(record: ViewRecord, vote: Vote): MessageJudgement {
    const seen = record.voteOf(vote.kind, vote.voter);
    if (seen !== undefined && seen.blockHash === vote.blockHash) return voteDuplicate;
    if (!this.#verifies(vote, record)) return reject('VOTE_SIGNATURE_INVALID');
    const conflict = record.conflictWith(vote);
    if (conflict !== undefined) {
      // One proof a voter and view is enough; further ones would only multiply what it costs its peers.
      if (record.accused.has(vote.voter)) return equivocationKnown;
      record.accused.add(vote.voter);
      this.#host.equivocation(conflict, vote);
    } else if (vote.voter === this.#options.self) this.#adopt(record, vote);
    return accepted;
  }

  /**
   * A vote under this node's own key that it does not remember: cast before its disk was lost, or by a twin. It
   * binds the node as if it had cast it here.
   */
  #adopt(record: ViewRecord, vote: Vote): void {
    this.#setOwn(record, vote);
    this.#host.keep(record);
  }

  /** Votes of finalised views count for nothing but their voter's presence. */
  #noteActivity(vote: Vote): MessageJudgement {
    const isNews = vote.view > this.lastVotedView(vote.voter);
    if (isNews && this.#verifies(vote)) this.#noteVoted(vote.voter, vote.view);
    return voteStale;
  }

  #farAhead(vote: Vote): MessageJudgement {
    if (!this.#verifies(vote)) return reject('VOTE_SIGNATURE_INVALID');
    this.#host.requestMissing(vote.voter);
    return ignore('VOTE_TOO_FAR_AHEAD');
  }

  #verifies(vote: Vote, record?: ViewRecord): boolean {
    const { chainId, validators } = this.#options;
    const message =
      record?.signingBytes(chainId, vote.kind, vote.blockHash) ?? voteSigningBytes(chainId, vote);
    return this.#verifier.verify(validators.at(vote.voter).publicKey, message, vote.signature);
  }

  #count(record: ViewRecord, vote: Vote, nowMs: TimeMs): void {
    this.#noteVoted(vote.voter, vote.view);
    const power = record.add(vote, this.#options.validators);
    if (!this.#options.validators.isQuorum(power) || certificateOf(record, vote.kind) !== undefined) return;
    this.#certified(record, record.certify(vote.kind, vote.blockHash, this.#options.validators), nowMs);
  }

  #cast(record: ViewRecord, kind: VoteKind, blockHash: Hash, block: Block | undefined, nowMs: TimeMs): void {
    const subject = { kind, view: record.view, blockHash };
    const signature = this.#signer.sign(record.signingBytes(this.#options.chainId, kind, blockHash));
    const vote: Vote = { ...subject, voter: this.#options.self, signature };
    assert(record.conflictWith(vote) === undefined, `a second ${kind} vote in view ${record.view}`);
    this.#setOwn(record, vote);
    this.#host.castVote(vote, record, block);
    this.#count(record, vote, nowMs);
  }

  #setOwn(record: ViewRecord, vote: Vote): void {
    if (vote.kind === 'notarize') record.ownNotarize = vote;
    else if (vote.kind === 'nullify') record.ownNullify = vote;
    else record.ownFinalize = vote;
  }

  // Certificates -----------------------------------------------------------------------------------------

  #certified(record: ViewRecord, certificate: Certificate, nowMs: TimeMs): void {
    this.#noteNewest(certificate);
    if (certificate.kind === 'notarize') this.#onNotarization(record, certificate, nowMs);
    else if (certificate.kind === 'nullify') this.#onNullification(record, certificate, nowMs);
    else {
      record.finalization = certificate;
      if (certificate.view > (this.#unappliedFinalization?.view ?? 0))
        this.#unappliedFinalization = certificate;
      this.#tryFinalize(nowMs);
      this.#enter(certificate.view + 1, nowMs);
    }
  }

  #onNotarization(record: ViewRecord, certificate: Certificate, nowMs: TimeMs): void {
    record.notarization = certificate;
    this.#host.keep(record);
    const block = this.#blocks.get(certificate.blockHash);
    if (block !== undefined) this.#noteNotarizedHeight(block);
    else this.#host.requestMissing(certificate.signers[0]);
    this.#host.notarized(certificate.view, certificate.blockHash, block);
    this.#enter(certificate.view + 1, nowMs, record.ownNullify === undefined ? certificate : undefined);
  }

  #onNullification(record: ViewRecord, certificate: Certificate, nowMs: TimeMs): void {
    record.nullification = certificate;
    this.#host.keep(record);
    this.#host.nullified(certificate.view);
    this.#enter(certificate.view + 1, nowMs);
  }

  #tryFinalize(nowMs: TimeMs): void {
    const newest = this.#unappliedFinalization;
    if (newest === undefined) return;
    const chain: Block[] = [];
    let hash = newest.blockHash;
    while (hash !== this.#finalized.hash) {
      const block = this.#blocks.get(hash);
      if (block === undefined) {
        this.#host.requestMissing(newest.signers[0]);
        return;
      }
      assert(block.header.height > this.#finalized.header.height, 'two blocks final at one height');
      chain.push(block);
      hash = block.header.parentHash;
    }
    this.#finalize(chain.reverse(), newest);
    this.#enter(newest.view + 1, nowMs);
  }

  #finalize(blocks: readonly Block[], certificate: Certificate): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    this.#finalized = last;
    this.#finalizedView = certificate.view;
    if (certificate.view >= (this.#unappliedFinalization?.view ?? 0)) this.#unappliedFinalization = undefined;
    for (const view of this.#views.keys()) if (view <= certificate.view) this.#views.delete(view);
    for (const [hash, block] of this.#blocks) {
      if (block.header.height <= last.header.height || block.header.view <= certificate.view) {
        this.#blocks.delete(hash);
      }
    }
    this.#host.finalized(blocks, certificate);
  }

  // Views ------------------------------------------------------------------------------------------------

  /** Enters `view` unless already there or past it, then casts the finalize vote a notarisation earned. */
  #enter(view: View, nowMs: TimeMs, earned?: Certificate): void {
    if (view > this.#view) this.#beginView(view, nowMs);
    else this.reconsider(nowMs);
    if (earned === undefined || this.isGuarded || earned.view <= this.#finalizedView) return;
    const record = this.#record(earned.view);
    if (record.ownFinalize === undefined && record.ownNullify === undefined) {
      this.#cast(record, 'finalize', earned.blockHash, undefined, nowMs);
    }
  }

  #beginView(view: View, nowMs: TimeMs): void {
    this.#view = view;
    this.#lackedView = undefined;
    this.#lackedHash = ZERO_HASH;
    this.#stuckRounds = 0;
    if (this.#proposeTimerSet) this.#host.clearTimer('propose');
    this.#proposeTimerSet = false;
    const leader = this.#leaders.leaderOf(view);
    const startMs = Math.max(nowMs, this.#newestParent().header.timestampMs + this.#options.blockTimeMs);
    const skip = this.#isInactive(leader, view);
    this.#viewTimerPhase = 'leader';
    this.#leaderDeadlineMs = skip ? startMs : startMs + 2 * this.#options.deltaMs;
    this.#host.setTimer('view', this.#leaderDeadlineMs);
    if (leader === this.#options.self) this.#scheduleProposal(startMs, nowMs);
    this.#tryNotarize(nowMs);
  }

  /**
   * The one view timer plays both of the protocol's: it fires at `t_l`, and when a proposal was voted for by
   * then, again at `t_a`, one delta later.
   */
  #onViewTimer(nowMs: TimeMs): void {
    const record = this.#record(this.#view);
    if (this.#viewTimerPhase === 'leader' && record.ownNotarize !== undefined) {
      this.#viewTimerPhase = 'advance';
      this.#host.setTimer('view', this.#leaderDeadlineMs + this.#options.deltaMs);
      return;
    }
    if (!this.isGuarded && record.ownNullify === undefined && record.ownFinalize === undefined) {
      this.#cast(record, 'nullify', ZERO_HASH, undefined, nowMs);
    }
    if (this.#view !== record.view) return;
    this.#stuckRounds = 1;
    this.#host.setTimer('rebroadcast', nowMs + this.#options.deltaMs);
  }

  #repeatWhileStuck(nowMs: TimeMs): void {
    // A view was entered since the timer was set: nothing is stuck any more.
    if (this.#stuckRounds === 0) return;
    const record = this.#record(this.#view);
    const own = [record.ownNotarize, record.ownNullify, record.ownFinalize].filter(
      (vote) => vote !== undefined,
    );
    if (!this.isGuarded) this.#host.rebroadcast(own, this.#newestCertificate);
    this.#host.requestMissing(undefined);
    const deltas = Math.min(2 ** this.#stuckRounds, REBROADCAST_DELTAS_MAX);
    this.#stuckRounds += 1;
    this.#host.setTimer('rebroadcast', nowMs + deltas * this.#options.deltaMs);
  }

  /** No vote of the leader in the last views although a quorum voted in them: do not wait for it. */
  #isInactive(leader: ValidatorIndex, view: View): boolean {
    const since = view - this.#options.inactiveViews;
    if (leader === this.#options.self || since < 1 || this.lastVotedView(leader) >= since) return false;
    let power = 0;
    for (const validator of this.#options.validators.validators) {
      if (this.lastVotedView(validator.index) >= since) power += validator.power;
    }
    return this.#options.validators.isQuorum(power);
  }

  // Proposals --------------------------------------------------------------------------------------------

  #scheduleProposal(startMs: TimeMs, nowMs: TimeMs): void {
    if (startMs <= nowMs) this.#tryPropose(nowMs);
    else {
      this.#proposeTimerSet = true;
      this.#host.setTimer('propose', startMs);
    }
  }

  #tryPropose(nowMs: TimeMs): void {
    const view = this.#view;
    if (this.#leaders.leaderOf(view) !== this.#options.self || this.isGuarded) return;
    const record = this.#record(view);
    if (record.ownNotarize !== undefined || record.ownNullify !== undefined) return;
    const parent = this.#proposalParent(view);
    if (parent === undefined) {
      this.#host.requestMissing(undefined);
      return;
    }
    const startMs = parent.header.timestampMs + this.#options.blockTimeMs;
    if (startMs > nowMs) {
      this.#scheduleProposal(startMs, nowMs);
      return;
    }
    const block = this.#host.propose(parent, view, nowMs);
    if (block === undefined) return;
    record.proposal = block;
    record.proposalState = 'valid';
    this.#blocks.set(block.hash, block);
    this.#cast(record, 'notarize', block.hash, block, nowMs);
  }

  /** The newest notarised block all of whose later views are nullified; undefined when something is missing. */
  #proposalParent(view: View): Block | undefined {
    for (let earlier = view - 1; earlier > this.#finalizedView; earlier -= 1) {
      const record = this.#views.get(earlier);
      if (record?.notarization !== undefined) return this.#blocks.get(record.notarization.blockHash);
      if (record?.nullification === undefined) return undefined;
    }
    return this.#finalized;
  }

  /** The newest notarised block known, for timing only. */
  #newestParent(): Block {
    for (let view = this.#view - 1; view > this.#finalizedView; view -= 1) {
      const notarization = this.#views.get(view)?.notarization;
      const block = notarization && this.#blocks.get(notarization.blockHash);
      if (block !== undefined) return block;
    }
    return this.#finalized;
  }

  #tryNotarize(nowMs: TimeMs): void {
    const record = this.#views.get(this.#view);
    const block = record?.proposal;
    if (record === undefined || block === undefined || this.isGuarded) return;
    if (record.ownNotarize !== undefined) return;
    if (record.proposalState === 'valid' || record.proposalState === 'invalid') return;
    const parent = this.#notarizedParent(block);
    if (parent === 'missing') {
      record.proposalState = 'waiting';
      this.#host.requestMissing(block.header.leader);
      return;
    }
    const judgement = parent === 'invalid' ? 'invalid' : this.#host.validate(block, parent, nowMs);
    if (judgement === 'wait') record.proposalState = 'waiting';
    else if (judgement === 'invalid') record.proposalState = 'invalid';
    else {
      record.proposalState = 'valid';
      this.#cast(record, 'notarize', block.hash, undefined, nowMs);
    }
  }

  /** The proposal's parent, if it is notarised and every view between the two is nullified. */
  #notarizedParent(block: Block): Block | 'missing' | 'invalid' {
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

  // Bookkeeping ------------------------------------------------------------------------------------------

  #record(view: View): ViewRecord {
    let record = this.#views.get(view);
    if (record === undefined) {
      record = new ViewRecord(view);
      this.#views.set(view, record);
    }
    return record;
  }

  #noteNewest(certificate: Certificate): void {
    if (certificate.view >= (this.#newestCertificate?.view ?? 0)) this.#newestCertificate = certificate;
  }

  #noteVoted(voter: ValidatorIndex, view: View): void {
    if (view > this.lastVotedView(voter)) this.#lastVotedView[voter] = view;
  }

  #noteNotarizedHeight(block: Block): void {
    if (block.header.height > this.#notarizedHeight) this.#notarizedHeight = block.header.height;
  }
}

/** The leader's own notarize vote for exactly this block. */
function isProposalVote({ header, hash }: Block, vote: Vote): boolean {
  return (
    vote.kind === 'notarize' &&
    vote.view === header.view &&
    vote.blockHash === hash &&
    vote.voter === header.leader &&
    header.view >= 1
  );
}

function certificateOf(record: ViewRecord, kind: VoteKind): Certificate | undefined {
  if (kind === 'notarize') return record.notarization;
  return kind === 'nullify' ? record.nullification : record.finalization;
}

export function ignore(code: string): MessageJudgement {
  return { type: 'verdict', verdict: 'ignore', code };
}

export function reject(code: string): MessageJudgement {
  return { type: 'verdict', verdict: 'reject', code };
}
