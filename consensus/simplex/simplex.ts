/**
 * Simplex agreement (Chan and Pass, IACR ePrint 2023/463) with separate notarize, nullify and finalize votes and
 * views apart from heights (docs/protocol.md, agreement). A pure state machine: time comes with every call,
 * what it wants done goes to its host, and it knows nothing of what blocks contain.
 *
 * Safety rests on two rules kept here: never two different notarize votes in a view, and never both nullify and
 * finalize in a view, across restarts too (own votes are durable before they are sent and are restored).
 */
import type { Block } from '../block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { assert } from '../primitives/codedError.ts';
import { type Hash, type TimeMs, type ValidatorIndex, type View, ZERO_HASH } from '../primitives/flavor.ts';
import type { Signer, Verifier } from '../primitives/signature.ts';
import { type Certificate, type Vote, type VoteKind, verifyCertificate, voteSigningBytes } from '../vote.ts';
import type { LeaderSchedule } from '../weightedRotation.ts';
import { EquivocationWatch, votesOf } from './equivocationWatch.ts';
import type {
  GoodVotes,
  SimplexDependencies,
  SimplexHost,
  SimplexMemory,
  SimplexOptions,
  SimplexTimer,
} from './host.ts';
import { accepted, ignore, type MessageJudgement, reject } from './judgement.ts';
import { type ChainReader, OpenChain } from './openChain.ts';
import { Pacemaker } from './pacemaker.ts';
import { Presence } from './presence.ts';
import type { ViewRecord } from './viewRecord.ts';

/** How far ahead of its own view a node keeps votes; further ones only tell it that it is behind. */
export const VIEWS_AHEAD_MAX = 64;

const voteStale = ignore('VOTE_STALE');
const voteDuplicate = ignore('VOTE_DUPLICATE');
const proposalStale = ignore('PROPOSAL_STALE');
const proposalDuplicate = ignore('PROPOSAL_DUPLICATE');
const equivocationKnown = ignore('VOTE_EQUIVOCATION_KNOWN');

export class Simplex {
  readonly #options: SimplexOptions;
  readonly #host: SimplexHost;
  readonly #signer: Signer;
  readonly #verifier: Verifier;
  readonly #leaders: LeaderSchedule;
  readonly #goodVotes: GoodVotes | undefined;
  readonly #chain: OpenChain;
  readonly #presence: Presence;
  readonly #pacemaker: Pacemaker;
  readonly #watch: EquivocationWatch;
  #view: View = 0;
  /** Whether this node leads the view it is in. */
  #isLeader = false;
  /** The newest finalisation whose blocks are not all here. */
  #unappliedFinalization: Certificate | undefined;
  /** Below this finalised view the node casts no vote (it lost its vote log). */
  #silentUntilView: View = 0;

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
    this.#goodVotes = dependencies.goodVotes;
    this.#chain = new OpenChain(options.validators, finalized);
    this.#presence = new Presence(options.validators);
    this.#pacemaker = new Pacemaker(options, dependencies);
    this.#watch = new EquivocationWatch({
      verifies: (vote) => options.validators.has(vote.voter) && this.#verifies(vote),
      report: (first, second) => this.#host.equivocation(first, second),
    });
  }

  /** What stands above the last final block. */
  get chain(): ChainReader {
    return this.#chain;
  }

  get view(): View {
    return this.#view;
  }

  /** Who proposes in the view this node is in. */
  get leader(): ValidatorIndex {
    return this.#leaders.leaderOf(this.#view);
  }

  /** True while this node must not sign anything. */
  get isGuarded(): boolean {
    return this.#chain.finalizedView < this.#silentUntilView;
  }

  /** Signs nothing: it must not, or what it would vote on is too far behind what is final. */
  get #isMute(): boolean {
    return this.isGuarded || !this.#host.canFinalize();
  }

  lastVotedView(voter: ValidatorIndex): View {
    return this.#presence.lastVotedView(voter);
  }

  /**
   * Begins in the view after the last finalised one, bound by the votes cast before.
   * What is restored is only what nobody might still have when everybody restarts at once.
   */
  start(memory: SimplexMemory, nowMs: TimeMs): void {
    for (const certificate of memory.certificates) {
      if (certificate.view <= this.#chain.finalizedView) continue;
      const record = this.#chain.record(certificate.view);
      if (certificate.kind === 'notarize') record.notarization = certificate;
      else record.nullification = certificate;
      this.#chain.noteNewest(certificate);
    }
    for (const vote of memory.votes) {
      if (vote.view <= this.#chain.finalizedView) continue;
      const record = this.#chain.record(vote.view);
      record.adoptOwn(vote);
      record.add(vote);
    }
    for (const block of memory.proposals) {
      const record = this.#chain.recordIn(block.header.view);
      if (record?.ownNotarize?.blockHash !== block.hash) continue;
      record.proposal = block;
      record.proposalState = 'valid';
      this.#chain.addBlock(block);
    }
    this.#enter(Math.max(this.#chain.finalizedView, this.#chain.newestCertificate?.view ?? 0) + 1, nowMs);
  }

  /** Casts no vote until a block is final in a view at least this high; 0 ends that. */
  guardUntil(view: View): void {
    this.#silentUntilView = view;
  }

  /** A leader's block with its notarize vote. */
  onProposal(block: Block, vote: Vote, nowMs: TimeMs): MessageJudgement {
    const { header } = block;
    const { view } = header;
    if (view <= this.#chain.closedView) {
      if (this.#options.validators.has(vote.voter)) this.#watch.lateVote(vote);
      return proposalStale;
    }
    if (!isProposalVote(block, vote) || header.chainId !== this.#options.chainId || header.height < 1) {
      return reject('PROPOSAL_INVALID');
    }
    if (!this.#options.validators.has(vote.voter)) return reject('VOTE_VOTER_UNKNOWN');
    // Before anything is computed for a view that far away.
    if (view > this.#view + VIEWS_AHEAD_MAX) return this.#farAhead(vote);
    if (header.leader !== this.#leaders.leaderOf(view)) return reject('PROPOSAL_INVALID');
    const record = this.#chain.record(view);
    if (record.proposal?.hash === block.hash) return proposalDuplicate;
    const known = record.voteOf('notarize', vote.voter);
    // The leader's vote may have come before its block. That vote was checked; this one may carry another signature.
    if (known?.blockHash === vote.blockHash && !this.isGenuine(vote)) return reject('VOTE_SIGNATURE_INVALID');
    const judgement = known?.blockHash === vote.blockHash ? accepted : this.#admit(record, vote);
    if (judgement.verdict !== 'accept') return judgement;
    const isFirst = record.conflictWith(vote) === undefined;
    const isWhole = this.#host.isBodyValid(block);
    if (isWhole && isFirst && record.proposal === undefined) {
      record.proposal = block;
      this.#chain.addBlock(block);
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
    if (view <= this.#chain.closedView) return this.#noteActivity(vote);
    if (view > this.#view + VIEWS_AHEAD_MAX) return this.#farAhead(vote);
    const record = this.#chain.record(view);
    const judgement = this.#admit(record, vote);
    if (judgement.verdict === 'accept' && record.conflictWith(vote) === undefined) {
      this.#count(record, vote, nowMs);
    }
    return judgement;
  }

  /** Whether a validator signed this very vote, whatever it counts for by now. */
  isGenuine(vote: Vote): boolean {
    const known = this.#chain.recordIn(vote.view)?.voteOf(vote.kind, vote.voter);
    const isKnown = known?.blockHash === vote.blockHash && equalBytes(known.signature, vote.signature);
    return isKnown || this.#verifies(vote);
  }

  /** A certificate from a peer: checked whole, then as good as the votes it stands for. */
  onCertificate(certificate: Certificate, nowMs: TimeMs): MessageJudgement {
    if (certificate.view <= this.#chain.closedView) {
      this.#watch.lateCertificate(certificate);
      return ignore('CERTIFICATE_STALE');
    }
    const known = this.#chain.recordIn(certificate.view);
    if (known !== undefined && known.certificateOf(certificate.kind) !== undefined) {
      this.#watch.certificate(known, certificate);
      return ignore('CERTIFICATE_DUPLICATE');
    }
    const verdict = verifyCertificate(certificate, this.#options, this.#verifier);
    if (!verdict.ok) return reject(verdict.code);
    const record = this.#chain.record(certificate.view);
    this.#witness(record, certificate);
    this.#certified(record, certificate, nowMs);
    return accepted;
  }

  /** A block from a peer; kept only when a certificate names it, so nobody can fill the memory. */
  onBlock(block: Block, nowMs: TimeMs): boolean {
    if (!this.#chain.isWanted(block) || !this.#host.isBodyValid(block)) return false;
    this.#chain.addBlock(block);
    this.#chain.noteNotarized(block);
    this.#tryFinalize(nowMs);
    this.reconsider(nowMs);
    return true;
  }

  /**
   * Finalised blocks fetched from a peer: the first a child of this node's last, the certificate for the last.
   * @returns False when the chain or its certificate does not hold; nothing changes then.
   */
  onFinalizedChain(blocks: readonly Block[], certificate: Certificate, nowMs: TimeMs): boolean {
    let parent = this.#chain.finalized;
    for (const block of blocks) {
      if (block.header.parentHash !== parent.hash || block.header.height !== parent.header.height + 1) {
        return false;
      }
      parent = block;
    }
    const { kind, blockHash, view } = certificate;
    if (blocks.length === 0 || kind !== 'finalize' || blockHash !== parent.hash) return false;
    if (view !== parent.header.view || view <= this.#chain.finalizedView || !this.#host.canFinalize())
      return false;
    if (!verifyCertificate(certificate, this.#options, this.#verifier).ok) return false;
    if (!blocks.every((block) => this.#host.isBodyValid(block))) return false;
    this.#witness(this.#chain.record(view), certificate);
    this.#chain.noteNewest(certificate);
    this.#finalize(blocks, certificate);
    this.#enter(certificate.view + 1, nowMs);
    return true;
  }

  onTimer(timer: SimplexTimer, nowMs: TimeMs): void {
    if (timer === 'propose') {
      this.#pacemaker.proposalTimerFired();
      this.#tryPropose(nowMs);
    } else if (timer === 'view') this.#onViewTimer(nowMs);
    else this.#repeatWhileStuck(nowMs);
  }

  /** The host has room for final blocks again: applies what is known to be final, or asks for it. */
  catchUp(nowMs: TimeMs): void {
    this.#tryFinalize(nowMs);
  }

  /** Judges again what could not be decided: call when a clock moved on or something missing came in. */
  reconsider(nowMs: TimeMs): void {
    this.#tryNotarize(nowMs);
    if (!this.#pacemaker.isProposalScheduled) this.#tryPropose(nowMs);
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
      if (!record.accuse(vote.voter)) return equivocationKnown;
      this.#host.equivocation(conflict, vote);
    } else if (vote.voter === this.#options.self) this.#adopt(record, vote);
    return accepted;
  }

  /**
   * A vote under this node's own key that it does not remember: cast before its disk was lost, or by a twin. It
   * binds the node as if it had cast it here.
   */
  #adopt(record: ViewRecord, vote: Vote): void {
    record.adoptOwn(vote);
    this.#host.keep(record);
  }

  /** Votes of finalised views count for nothing but their voter's presence. */
  #noteActivity(vote: Vote): MessageJudgement {
    const isNews = vote.view > this.lastVotedView(vote.voter);
    if (isNews && this.#verifies(vote)) this.#presence.note(vote.voter, vote.view);
    this.#watch.lateVote(vote);
    return voteStale;
  }

  #farAhead(vote: Vote): MessageJudgement {
    if (!this.#verifies(vote)) return reject('VOTE_SIGNATURE_INVALID');
    this.#host.requestMissing(vote.voter);
    return ignore('VOTE_TOO_FAR_AHEAD');
  }

  #verifies(vote: Vote, record?: ViewRecord): boolean {
    if (this.#goodVotes?.has(vote)) return true;
    const { chainId, validators } = this.#options;
    const message =
      record?.signingBytes(chainId, vote.kind, vote.blockHash) ?? voteSigningBytes(chainId, vote);
    const isGood = this.#verifier.verify(validators.at(vote.voter).publicKey, message, vote.signature);
    if (isGood) this.#goodVotes?.add(vote);
    return isGood;
  }

  #count(record: ViewRecord, vote: Vote, nowMs: TimeMs): void {
    this.#presence.note(vote.voter, vote.view);
    const power = record.add(vote);
    if (!this.#options.validators.isQuorum(power) || record.certificateOf(vote.kind) !== undefined) return;
    this.#certified(record, record.certify(vote.kind, vote.blockHash), nowMs);
  }

  #cast(record: ViewRecord, kind: VoteKind, blockHash: Hash, block: Block | undefined, nowMs: TimeMs): void {
    const { view } = record;
    const signature = this.#signer.sign(record.signingBytes(this.#options.chainId, kind, blockHash));
    const vote: Vote = { kind, view, blockHash, voter: this.#options.self, signature };
    if (record.conflictWith(vote) !== undefined) assert(false, `a second ${kind} vote in view ${view}`);
    this.#goodVotes?.add(vote);
    record.adoptOwn(vote);
    this.#host.castVote(vote, record, block);
    this.#count(record, vote, nowMs);
  }

  // Certificates -----------------------------------------------------------------------------------------

  /** Takes the votes of a checked certificate for what they are: seen, and this node's own binding it too. */
  #witness(record: ViewRecord, certificate: Certificate): void {
    this.#watch.certificate(record, certificate);
    for (const vote of votesOf(certificate)) {
      this.#presence.note(vote.voter, vote.view);
      if (record.conflictWith(vote) !== undefined) continue;
      record.witness(vote);
      if (vote.voter === this.#options.self) this.#adopt(record, vote);
    }
  }

  #certified(record: ViewRecord, certificate: Certificate, nowMs: TimeMs): void {
    this.#chain.noteNewest(certificate);
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
    this.#keepCertificate(record);
    const block = this.#chain.block(certificate.blockHash);
    if (block !== undefined) this.#chain.noteNotarized(block);
    else this.#host.requestMissing(certificate.signers[0]);
    this.#host.notarized(certificate.view, certificate.blockHash, block);
    this.#enter(certificate.view + 1, nowMs, record.ownNullify === undefined ? certificate : undefined);
  }

  #onNullification(record: ViewRecord, certificate: Certificate, nowMs: TimeMs): void {
    record.nullification = certificate;
    this.#keepCertificate(record);
    this.#host.nullified(certificate.view);
    this.#enter(certificate.view + 1, nowMs);
  }

  /** So far behind what is final, a node's memory of views would only grow, and help nobody to cross them. */
  #keepCertificate(record: ViewRecord): void {
    if (this.#host.canFinalize()) this.#host.keep(record);
  }

  #tryFinalize(nowMs: TimeMs): void {
    const newest = this.#unappliedFinalization;
    if (newest === undefined) return;
    if (!this.#host.canFinalize()) {
      this.#chain.forgetBehind(newest.view, (record) => this.#watch.retire(record));
      return;
    }
    const chain = this.#chain.chainTo(newest.blockHash);
    if (chain === undefined) {
      this.#chain.forgetBehind(newest.view, (record) => this.#watch.retire(record));
      this.#host.requestMissing(newest.signers[0]);
      return;
    }
    this.#finalize(chain, newest);
    this.#enter(newest.view + 1, nowMs);
  }

  #finalize(blocks: readonly Block[], certificate: Certificate): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    this.#chain.finalize(last, certificate.view, (record) => this.#watch.retire(record));
    if (certificate.view >= (this.#unappliedFinalization?.view ?? 0)) this.#unappliedFinalization = undefined;
    this.#host.finalized(blocks, certificate);
  }

  // Views ------------------------------------------------------------------------------------------------

  /** Enters `view` unless already there or past it, then casts the finalize vote a notarisation earned. */
  #enter(view: View, nowMs: TimeMs, earned?: Certificate): void {
    if (view > this.#view) this.#beginView(view, nowMs);
    else this.reconsider(nowMs);
    if (earned === undefined || this.#isMute || earned.view <= this.#chain.closedView) return;
    const record = this.#chain.record(earned.view);
    if (record.ownFinalize === undefined && record.ownNullify === undefined) {
      this.#cast(record, 'finalize', earned.blockHash, undefined, nowMs);
    }
  }

  #beginView(view: View, nowMs: TimeMs): void {
    this.#view = view;
    this.#chain.beginView(view);
    const leader = this.#leaders.leaderOf(view);
    const { self, blockTimeMs, inactiveViews } = this.#options;
    const startMs = Math.max(nowMs, this.#chain.newestParent(view).header.timestampMs + blockTimeMs);
    this.#isLeader = leader === self;
    this.#pacemaker.begin(startMs, !this.#isLeader && this.#presence.isMissed(leader, view - inactiveViews));
    if (this.#isLeader) this.#scheduleProposal(startMs, nowMs);
    this.#tryNotarize(nowMs);
  }

  #onViewTimer(nowMs: TimeMs): void {
    const record = this.#chain.record(this.#view);
    if (!this.#pacemaker.viewTimerFired(record.ownNotarize !== undefined)) return;
    this.#giveUp(record, nowMs);
    if (this.#view === record.view) this.#pacemaker.stuck(nowMs);
  }

  /** Waiting for this view is over. */
  #giveUp(record: ViewRecord, nowMs: TimeMs): void {
    if (this.#isMute || record.ownNullify !== undefined || record.ownFinalize !== undefined) return;
    this.#cast(record, 'nullify', ZERO_HASH, undefined, nowMs);
  }

  #repeatWhileStuck(nowMs: TimeMs): void {
    if (!this.#pacemaker.isStuck) return;
    const record = this.#chain.record(this.#view);
    // A node that was silent when its time was over says so now: nobody else may be left who could end the view.
    this.#giveUp(record, nowMs);
    if (this.#view !== record.view) return;
    if (!this.#isMute) this.#host.rebroadcast(record.ownVotes(), this.#chain.newestCertificate);
    this.#host.requestMissing(undefined);
    this.#pacemaker.scheduleRepeat(nowMs);
  }

  // Proposals --------------------------------------------------------------------------------------------

  #scheduleProposal(startMs: TimeMs, nowMs: TimeMs): void {
    if (startMs <= nowMs) this.#tryPropose(nowMs);
    else this.#pacemaker.scheduleProposal(startMs);
  }

  #tryPropose(nowMs: TimeMs): void {
    if (!this.#isLeader || this.#isMute) return;
    const view = this.#view;
    const record = this.#chain.record(view);
    if (record.ownNotarize !== undefined || record.ownNullify !== undefined) return;
    const parent = this.#chain.proposalParent(view);
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
    this.#chain.addBlock(block);
    this.#cast(record, 'notarize', block.hash, block, nowMs);
  }

  #tryNotarize(nowMs: TimeMs): void {
    const record = this.#chain.recordIn(this.#view);
    const block = record?.proposal;
    if (record === undefined || block === undefined || this.#isMute) return;
    if (record.ownNotarize !== undefined) return;
    if (record.proposalState === 'valid' || record.proposalState === 'invalid') return;
    const parent = this.#chain.notarizedParent(block);
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
