/**
 * The node: a deterministic state machine of inputs and outputs that composes agreement, execution, mempool, sync
 * and settlement. No clock, socket, disk or randomness inside; equal inputs give equal outputs, byte for byte.
 */
import { type Block, createGenesisBlock } from '../../consensus/block.ts';
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Height, SettlementHeight, TimeMs, View } from '../../consensus/primitives/flavor.ts';
import type { SimplexHost } from '../../consensus/simplex/host.ts';
import { accepted, ignore, type MessageJudgement, reject } from '../../consensus/simplex/judgement.ts';
import { Simplex } from '../../consensus/simplex/simplex.ts';
import { verifyCertificate } from '../../consensus/vote.ts';
import { LeaderSchedule } from '../../consensus/weightedRotation.ts';
import { createGenesisState, type GenesisState } from '../../settlement/execution/genesisState.ts';
import { pendingBatchCount, pendingBatches } from '../../settlement/net/netState.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { Accusations } from './accusations.ts';
import { Admission } from './admission.ts';
import { Archive } from './archive.ts';
import {
  areEqualBatches,
  atomicCompletionSigningBytes,
  decodeAtomicCompletion,
  isAtomicCompletion,
} from './atomicCompletion.ts';
import { AtomicOutbox } from './atomicOutbox.ts';
import { BlockTree } from './blockTree.ts';
import { type Completion, completionSigningBytes, decodeCompletion, judgeCompletion } from './completion.ts';
import { EvidencePool } from './evidencePool.ts';
import { Executor } from './executor.ts';
import { Finality } from './finality.ts';
import { History } from './history.ts';
import { Mempool } from './mempool.ts';
import {
  decodeProposal,
  decodeVotes,
  encodeProposal,
  encodeVotes,
  type ProposalMessage,
  type SyncResponse,
  type VotesMessage,
} from './messages.ts';
import type { NodeDependencies, NodeOptions } from './ports.ts';
import { Proposals } from './proposals.ts';
import { CoreReader, type NodeReader } from './reader.ts';
import { SettlementFollower } from './settlementFollower.ts';
import { SettlementView } from './settlementView.ts';
import { Settler } from './settler.ts';
import { Silence } from './silence.ts';
import { guardWrite, HeadWrite, recoverState, stateWrites } from './store.ts';
import { Synchroniser } from './synchroniser.ts';
import type { Input, NodeStatus, Output, PeerId, Topic, Write } from './types.ts';
import { ViewRows } from './viewRows.ts';

/** What a proposal adds to the block's bytes: vote, header, list counts. */
const PROPOSAL_OVERHEAD_BYTES = 1024;

const noOutputs: readonly Output[] = [];

type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** The parts of a node that exist once it has started. */
interface Parts {
  readonly tree: BlockTree;
  readonly simplex: Simplex;
  readonly executor: Executor;
  readonly settler: Settler;
  readonly follower: SettlementFollower;
  readonly synchroniser: Synchroniser;
  readonly proposals: Proposals;
  readonly finality: Finality;
  readonly atomicOutbox: AtomicOutbox;
  readonly admission: Admission;
  readonly accusations: Accusations;
}

export class NodeCore {
  readonly #options: NodeOptions;
  readonly #dependencies: NodeDependencies;
  readonly #genesisBlock: Block;
  readonly #settlement: SettlementView;
  readonly #mempool = new Mempool();
  readonly #evidence = new EvidencePool();
  readonly #history: History;
  readonly #archive: Archive | undefined;
  readonly #viewRows = new ViewRows();
  readonly #silence: Silence;
  #parts: Parts | undefined;
  /** Of the input at hand. Nearly always one: a list that begins with it takes a tenth of the room of one that grows. */
  #outputs: Output[] | undefined;
  #nowMs: TimeMs = 0;
  #resendCount = 0;

  constructor(options: NodeOptions, dependencies: NodeDependencies) {
    const { genesis } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#history = new History(options.historyBlocks);
    this.#archive = options.archive === undefined ? undefined : new Archive(options.archive);
    this.#silence = new Silence(options, dependencies);
    this.#genesisBlock = createGenesisBlock({
      chainId: genesis.chainId,
      blockTimeMs: genesis.blockTimeMs,
      stateRoot: createGenesisState(genesis).stateRoot,
      settlementGenesisHash: genesis.settlementGenesisHash,
    });
    this.#settlement = new SettlementView(genesis, this.#genesisBlock.header.origin);
  }

  /**
   * Takes one input in and says what is to be done, in order. Never throws for anything a peer or user sent.
   * @throws {CodedError} `STORE_CORRUPT`, on `started`, when the recovered rows cannot be used.
   */
  handle(input: Input): readonly Output[] {
    this.#outputs = undefined;
    this.#nowMs = input.nowMs;
    if (input.type === 'started') this.#start(input);
    else this.#dispatch(input);
    if (this.#viewRows.hasUnsaved) this.#saveViews(undefined, false);
    return this.#outputs ?? noOutputs;
  }

  status(): NodeStatus {
    const { tree, simplex, follower, settler } = this.#started();
    return {
      height: simplex.chain.notarizedHeight,
      finalizedHeight: tree.finalized.header.height,
      view: simplex.view,
      leader: simplex.leader,
      stateRoot: tree.finalizedStateRoot,
      settlementHeight: this.#settlement.newestHeight,
      pendingBatches: pendingBatchCount(tree.finalizedState()),
      mempoolCount: this.#mempool.count,
      isSettlementPaused: settler.isPaused,
      halted: follower.halted,
    };
  }

  /** For queries; looks at the running node each time it is asked. */
  reader(): NodeReader {
    const { tree } = this.#started();
    return new CoreReader({
      genesis: this.#options.genesis,
      tree,
      mempool: this.#mempool,
      history: this.#history,
      settlement: this.#settlement,
      archive: this.#archive,
      status: () => this.status(),
    });
  }

  // Start ------------------------------------------------------------------------------------------------

  #start({ recovered, peers, nowMs, mayHaveRun }: InputOf<'started'>): void {
    assert(this.#parts === undefined, 'started twice');
    // Repeats of an earlier life of this node are in the peers' duplicate caches: number on from the clock.
    this.#resendCount = Math.max(0, Math.floor(nowMs)) % 2 ** 31;
    const state = recoverState(recovered, this.#genesisBlock);
    const genesisState = createGenesisState(this.#options.genesis);
    const finalized = state?.finalized ?? this.#genesisBlock;
    const tree = new BlockTree(
      state?.base ?? genesisState.base,
      finalized,
      state?.stateRoot ?? genesisState.stateRoot,
    );
    if (state !== undefined) this.#history.recover(state.blocks, pendingBatches(tree.finalizedState()));
    const parts = this.#compose(tree, peers, state?.blocks.at(-1)?.certificate?.view);
    this.#parts = parts;
    const memory = state?.memory ?? { votes: [], proposals: [], certificates: [] };
    this.#viewRows.recover(memory);
    this.#push({ type: 'followSettlement', fromHeight: finalized.header.origin.height });
    const hasLostDisk = state === undefined && (mayHaveRun ?? nowMs > 0) && peers.length > 0;
    const guard = hasLostDisk ? { untilView: undefined } : state?.guard;
    this.#silence.begin(guard, mayHaveRun === true);
    if (state === undefined) this.#persistGenesis(tree.finalized, genesisState);
    if (guard !== undefined) parts.simplex.guardUntil(guard.untilView ?? Number.MAX_SAFE_INTEGER);
    parts.simplex.start(memory, nowMs);
    parts.settler.recover(state?.outbox ?? [], state?.isPaused ?? false);
    parts.atomicOutbox.recover(state?.completions ?? []);
    parts.admission.recover(state?.transactions ?? []);
    this.#evidence.recover(state?.evidence ?? []);
    this.#archive?.recover(state?.archive ?? []);
    if (mayHaveRun === true || nowMs > 0) parts.synchroniser.askAll(nowMs);
  }

  #compose(tree: BlockTree, peers: readonly PeerId[], finalizedView: View | undefined): Parts {
    const { genesis, self, deltaMs, inactiveViews } = this.#options;
    const { chainId, validators, blockTimeMs } = genesis;
    const settlement = this.#settlement;
    const mempool = this.#mempool;
    const executor = new Executor(this.#options, this.#dependencies, { tree, settlement, mempool });
    const simplex = new Simplex(
      { chainId, validators, self, blockTimeMs, deltaMs, inactiveViews },
      {
        host: this.#simplexHost(),
        signer: this.#dependencies.signer,
        verifier: this.#dependencies.crypto,
        leaders: new LeaderSchedule(validators),
        goodVotes: this.#dependencies.goodItems,
      },
      { block: tree.finalized, view: finalizedView ?? tree.finalized.header.view },
    );
    const output = (one: Output): void => this.#push(one);
    const host = {
      output,
      nowMs: () => this.#nowMs,
      storedBlock: (height: Height) => this.#history.get(height),
      finalizedState: () => tree.finalizedState(),
      newestSettlementBlock: () => settlement.at(settlement.newestHeight),
      settlementBlockAt: (height: SettlementHeight) => settlement.at(height),
      isSilent: () => simplex.isGuarded,
      needsReports: () => this.#silence.needsReports,
      reported: (peer: PeerId, response: SyncResponse) => this.#noteReport(peer, response),
    };
    const settler = new Settler(this.#options, this.#dependencies, host);
    const follower = new SettlementFollower(tree.finalized.header.origin, { settlement, simplex, output });
    const synchroniser = new Synchroniser({ deltaMs, peers, self }, { host, simplex });
    const shared = { tree, simplex, executor, settlement, evidence: this.#evidence, output };
    const proposals = new Proposals({ blockTimeMs }, shared);
    const atomicOutbox = new AtomicOutbox({ chainId, self }, { signer: this.#dependencies.signer, output });
    const finality = new Finality(
      { self },
      {
        ...shared,
        settler,
        follower,
        mempool,
        history: this.#history,
        viewRows: this.#viewRows,
        silence: this.#silence,
        atomicOutbox,
        archive: this.#archive,
        observer: this.#dependencies.observer,
      },
    );
    const admission = new Admission(genesis, { tree, executor, mempool, output });
    const { crypto } = this.#dependencies;
    const accusations = new Accusations(genesis, { crypto, tree, evidence: this.#evidence, output });
    return {
      tree,
      simplex,
      executor,
      settler,
      follower,
      synchroniser,
      proposals,
      finality,
      atomicOutbox,
      admission,
      accusations,
    };
  }

  /** Genesis rows go to disk at once, with the guard if there is one: an empty disk is then always a lost one. */
  #persistGenesis(genesisBlock: Block, { base, stateRoot }: GenesisState): void {
    const writes: Write[] = [...stateWrites(base), new HeadWrite(genesisBlock, stateRoot)];
    const { guard } = this.#silence;
    if (guard !== undefined) writes.push(guardWrite(guard));
    this.#push({ type: 'persist', writes, sync: true });
  }

  /** As soon as it is known how long this node must be silent, that is written down and holds. */
  #noteReport(peer: PeerId, response: SyncResponse): void {
    const untilView = this.#silence.noteReport(peer, response);
    if (untilView === undefined) return;
    this.#push({ type: 'persist', writes: [guardWrite(this.#silence.guard)], sync: true });
    const { simplex, follower } = this.#started();
    if (follower.halted === undefined) simplex.guardUntil(untilView);
  }

  // Inputs -----------------------------------------------------------------------------------------------

  #dispatch(input: Exclude<Input, InputOf<'started'>>): void {
    const { simplex, synchroniser, admission, settler } = this.#started();
    switch (input.type) {
      case 'message':
        this.#push(this.#onMessage(input.topic, input.bytes));
        return;
      case 'timerFired':
        if (input.id === 'sync') synchroniser.onTimer(input.nowMs);
        else if (input.id === 'hold') simplex.reconsider(input.nowMs);
        else if (input.id === 'courier') settler.onTimer();
        else simplex.onTimer(input.id, input.nowMs);
        return;
      case 'settlementBlock':
        this.#onSettlementBlock(input.block);
        return;
      case 'settlementAnswer':
        settler.onAnswer(input.requestId, input.answer);
        return;
      case 'settlementConflict':
        this.#started().accusations.onSettlements(input);
        return;
      case 'transactionSubmitted':
        if (input.gossip) admission.submit(input.bytes, input.nowMs);
        else this.#push(admission.admit(input.bytes, input.nowMs));
        return;
      case 'settlementPaused':
        settler.setPaused(input.paused);
        this.#push(accepted);
        return;
      case 'request': {
        const bytes = synchroniser.answer(input.bytes, input.from);
        if (bytes === undefined) this.#push(reject('ENCODING_INVALID'));
        else this.#push({ type: 'respond', requestId: input.requestId, peer: input.from, bytes });
        return;
      }
      case 'response': {
        const code = synchroniser.onResponse(input.requestId, input.from, input.bytes, input.nowMs);
        if (code !== undefined) this.#push(code === 'SYNC_UNASKED' ? ignore(code) : reject(code));
        return;
      }
    }
  }

  #onMessage(topic: Topic, bytes: Uint8Array): MessageJudgement {
    switch (topic) {
      case 'votes':
        return this.#onVotes(bytes);
      case 'blocks':
        return this.#onProposal(bytes);
      case 'transactions':
        return this.#started().admission.admit(bytes, this.#nowMs);
      case 'evidence':
        return this.#started().accusations.onEvidence(bytes);
      case 'settlements':
        return isAtomicCompletion(bytes) ? this.#onAtomicCompletion(bytes) : this.#onCompletion(bytes);
      default:
        return reject('TOPIC_UNKNOWN');
    }
  }

  #onVotes(bytes: Uint8Array): MessageJudgement {
    const message = this.#decoded<VotesMessage>(bytes, decodeVotes);
    if (!message.ok) return reject(message.code);
    const { simplex } = this.#started();
    const { votes, certificate } = message.value;
    let judgement: MessageJudgement = ignore('VOTES_EMPTY');
    for (const vote of votes) {
      judgement = simplex.onVote(vote, this.#nowMs);
      if (judgement.verdict === 'reject') return judgement;
    }
    if (votes.length === 1 && certificate === undefined) return judgement;
    const onCertificate =
      certificate === undefined ? judgement : simplex.onCertificate(certificate, this.#nowMs);
    if (onCertificate.verdict !== 'ignore') judgement = onCertificate;
    if (judgement.verdict !== 'accept') return judgement;
    // What goes on to others is checked whole: they may know less than this node, and would blame it for a forged rest.
    if (!votes.every((vote) => simplex.isGenuine(vote))) return reject('VOTE_SIGNATURE_INVALID');
    if (certificate === undefined || onCertificate.verdict === 'accept') return judgement;
    const verified = verifyCertificate(certificate, this.#options.genesis, this.#dependencies.crypto);
    return verified.ok ? judgement : reject(verified.code);
  }

  #onProposal(bytes: Uint8Array): MessageJudgement {
    if (bytes.length > this.#options.genesis.blockBytesMax + PROPOSAL_OVERHEAD_BYTES) {
      return reject('BLOCK_TOO_LARGE');
    }
    const message = this.#decoded<ProposalMessage>(bytes, decodeProposal);
    if (!message.ok) return reject(message.code);
    return this.#started().simplex.onProposal(message.value.block, message.value.vote, this.#nowMs);
  }

  #onCompletion(bytes: Uint8Array): MessageJudgement {
    const decoded = this.#decoded<Completion>(bytes, decodeCompletion);
    if (!decoded.ok) return reject(decoded.code);
    const completion = decoded.value;
    const { proposer, settlementHeight } = completion;
    if (!this.#options.genesis.validators.has(proposer)) return reject('COMPLETION_PROPOSER_UNKNOWN');
    if (!this.#isSigned(completion)) return reject('COMPLETION_SIGNATURE_INVALID');
    const judgement = judgeCompletion(completion, this.#settlement.at(settlementHeight));
    if (judgement === 'consistent') return accepted;
    // Above that, the block that the sender saw may have been reorganised away, or this node's own will be.
    const isConfirmed = this.#settlement.isConfirmed(settlementHeight);
    return judgement === 'unknown' || !isConfirmed
      ? ignore('COMPLETION_UNKNOWN')
      : reject('COMPLETION_CONTRADICTS_CHAIN');
  }

  #isSigned(completion: Completion): boolean {
    const { crypto, goodItems } = this.#dependencies;
    if (goodItems?.has(completion)) return true;
    const { chainId, validators } = this.#options.genesis;
    const { publicKey } = validators.at(completion.proposer);
    const message = completionSigningBytes(chainId, completion);
    const isGood = crypto.verify(publicKey, message, completion.signature);
    if (isGood) goodItems?.add(completion);
    return isGood;
  }

  #onAtomicCompletion(bytes: Uint8Array): MessageJudgement {
    const decoded = decodeAtomicCompletion(bytes);
    if (!decoded.ok) return reject(decoded.code);
    const { genesis } = this.#options;
    const { height, blockHash, leader, batches, signature } = decoded.value;
    if (!genesis.validators.has(leader)) return reject('COMPLETION_PROPOSER_UNKNOWN');
    const { publicKey } = genesis.validators.at(leader);
    const message = atomicCompletionSigningBytes(genesis.chainId, decoded.value);
    if (!this.#dependencies.crypto.verify(publicKey, message, signature)) {
      return reject('COMPLETION_SIGNATURE_INVALID');
    }
    const block = this.#history.get(height)?.block;
    if (block === undefined) return ignore('COMPLETION_UNKNOWN');
    const isTrue =
      block.hash === blockHash &&
      block.header.leader === leader &&
      areEqualBatches(batches, this.#started().executor.endedBatchesOf(block));
    return isTrue ? accepted : reject('COMPLETION_CONTRADICTS_CHAIN');
  }

  #onSettlementBlock(block: SettlementBlock): void {
    const { settler, follower, simplex, finality } = this.#started();
    if (!follower.receive(block)) return;
    const wasFull = finality.isFull;
    finality.commitPending();
    settler.onSettlementBlock(block);
    simplex.reconsider(this.#nowMs);
    if (wasFull && !finality.isFull) simplex.catchUp(this.#nowMs);
  }

  // Agreement --------------------------------------------------------------------------------------------

  #simplexHost(): SimplexHost {
    return {
      castVote: (vote, record, block) => {
        this.#viewRows.note(record);
        this.#saveViews(vote.kind === 'notarize' ? record.proposal : undefined, true);
        if (block !== undefined) {
          const message = { block, vote };
          this.#publish('blocks', encodeProposal(message), message);
          const { height } = block.header;
          const transactions = block.body.transactions.length;
          this.#push({
            type: 'emit',
            event: { type: 'block_proposed', height, view: vote.view, hash: block.hash, transactions },
          });
        } else {
          const message = { resend: 0, votes: [vote], certificate: undefined };
          this.#publish('votes', encodeVotes(message), message);
        }
      },
      keep: (record) => this.#viewRows.note(record),
      setTimer: (id, at) => this.#push({ type: 'setTimer', id, at }),
      clearTimer: (id) => this.#push({ type: 'clearTimer', id }),
      rebroadcast: (votes, certificate) => {
        this.#resendCount += 1;
        const message = { resend: this.#resendCount, votes, certificate };
        this.#publish('votes', encodeVotes(message), message);
      },
      requestMissing: (peer) => this.#started().synchroniser.request(peer, this.#nowMs),
      propose: (parent, view, nowMs) => this.#started().proposals.build(parent, view, nowMs),
      validate: (block, parent, nowMs) => this.#started().proposals.judge(block, parent, nowMs),
      isBodyValid: (block) => this.#started().executor.checkBody(block).ok,
      notarized: (view, hash, block) => {
        if (block === undefined) return;
        const { height, origin } = block.header;
        this.#started().follower.notarized(origin);
        this.#push({ type: 'emit', event: { type: 'block_notarized', height, view, hash } });
      },
      nullified: (view) => this.#push({ type: 'emit', event: { type: 'view_nullified', view } }),
      canFinalize: () => !this.#started().finality.isFull,
      finalized: (blocks, certificate) => this.#started().finality.add(blocks, certificate),
      equivocation: (first, second) => this.#started().accusations.onVotes(first, second),
    };
  }

  /** Writes the rows of views in which something happened. Before a vote leaves, they are synced. */
  #saveViews(proposal: Block | undefined, sync: boolean): void {
    this.#push({ type: 'persist', writes: this.#viewRows.save(proposal), sync });
  }

  // Helpers ----------------------------------------------------------------------------------------------

  #decoded<Message>(bytes: Uint8Array, decode: (bytes: Uint8Array) => Verdict<Message>): Verdict<Message> {
    const cached = this.#dependencies.messages?.get(bytes) as Verdict<Message> | undefined;
    if (cached !== undefined) return cached;
    const verdict = decode(bytes);
    this.#dependencies.messages?.set(bytes, verdict);
    return verdict;
  }

  #publish(topic: Topic, bytes: Uint8Array, message: unknown): void {
    this.#dependencies.messages?.set(bytes, { ok: true, value: message });
    this.#push({ type: 'publish', topic, bytes });
  }

  #push(output: Output): void {
    if (this.#outputs === undefined) this.#outputs = [output];
    else this.#outputs.push(output);
  }

  #started(): Parts {
    assert(this.#parts !== undefined, 'the first input must be `started`');
    return this.#parts;
  }
}
