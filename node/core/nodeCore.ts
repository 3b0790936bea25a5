/**
 * The node: a deterministic state machine of inputs and outputs that composes agreement, execution, mempool, sync
 * and settlement. No clock, socket, disk or randomness inside; equal inputs give equal outputs, byte for byte.
 */
import { type Block, createGenesisBlock } from '../../consensus/block.ts';
import {
  createEvidence,
  decodeEvidence,
  type EquivocationEvidence,
  encodeEvidence,
  evidenceId,
  verifyEvidence,
} from '../../consensus/evidence.ts';
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, TimeMs, View } from '../../consensus/primitives/flavor.ts';
import {
  accepted,
  ignore,
  type MessageJudgement,
  reject,
  Simplex,
  type SimplexHost,
} from '../../consensus/simplex/simplex.ts';
import type { ViewRecord } from '../../consensus/simplex/viewRecord.ts';
import { type Certificate, verifyCertificate } from '../../consensus/vote.ts';
import { LeaderSchedule } from '../../consensus/weightedRotation.ts';
import { createGenesisState, type GenesisState } from '../../settlement/execution/genesisState.ts';
import { accountOf } from '../../settlement/ledger/accounts.ts';
import { pendingBatchCount, pendingBatches, standingOf } from '../../settlement/net/netState.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { BlockTree, type ExecutedBlock } from './blockTree.ts';
import { completionSigningBytes, decodeCompletion, judgeCompletion } from './completion.ts';
import { type EvidenceItem, Executor } from './executor.ts';
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
import { SettlementView } from './settlementView.ts';
import { Settler } from './settler.ts';
import {
  type Guard,
  guardWrite,
  headWrite,
  proposalKey,
  proposalWrite,
  recoverState,
  type StoredBlock,
  stateWrites,
  viewKey,
  viewWrite,
} from './store.ts';
import { Synchroniser } from './synchroniser.ts';
import type { Input, NodeStatus, Output, PeerId, Topic, Write } from './types.ts';

/** A proposal further ahead of the own clock than this is held, in ms (docs/protocol.md, agreement). */
const CLOCK_TOLERANCE_MS = 500;
/** What a proposal adds to the block's bytes: vote, header, list counts. */
const PROPOSAL_OVERHEAD_BYTES = 1024;
/** Evidence kept for a block of this node's; each validator needs one piece. */
const EVIDENCE_POOL_MAX = 64;

type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** The parts of a node that exist once it has started. */
interface Parts {
  readonly tree: BlockTree;
  readonly simplex: Simplex;
  readonly executor: Executor;
  readonly settler: Settler;
  readonly synchroniser: Synchroniser;
}

export class NodeCore {
  readonly #options: NodeOptions;
  readonly #dependencies: NodeDependencies;
  readonly #genesisBlock: Block;
  readonly #settlement: SettlementView;
  readonly #mempool = new Mempool();
  readonly #evidence = new Map<Hash, EvidenceItem>();
  readonly #history: History;
  /** Final by certificate, not yet executed: a settlement block they name is not known here yet. */
  readonly #uncommitted: StoredBlock[] = [];
  /** Views with a row on disk, deleted when they are final, and those whose row is not up to date. */
  #storedViews = new Set<View>();
  readonly #unsaved = new Set<ViewRecord>();
  #parts: Parts | undefined;
  #outputs: Output[] = [];
  #nowMs: TimeMs = 0;
  #resendCount = 0;
  /** Set while this node must be silent, and meanwhile what each peer reported of its view. */
  #guard: Guard | undefined;
  #mayHaveRun = false;
  #guardReports: Map<PeerId, View> | undefined;

  constructor(options: NodeOptions, dependencies: NodeDependencies) {
    const { genesis } = options;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#settlement = new SettlementView(genesis);
    this.#history = new History(options.historyBlocks);
    this.#genesisBlock = createGenesisBlock({
      chainId: genesis.chainId,
      blockTimeMs: genesis.blockTimeMs,
      stateRoot: createGenesisState(genesis).stateRoot,
      settlementGenesisHash: genesis.settlementGenesisHash,
    });
  }

  /**
   * Takes one input in and says what is to be done, in order. Never throws for anything a peer or user sent.
   * @throws {CodedError} `STORE_CORRUPT`, on `started`, when the recovered rows cannot be used.
   */
  handle(input: Input): readonly Output[] {
    this.#outputs = [];
    this.#nowMs = input.nowMs;
    if (input.type === 'started') this.#start(input);
    else this.#dispatch(input);
    if (this.#unsaved.size > 0) this.#saveViews({ proposal: undefined, sync: false });
    return this.#outputs;
  }

  status(): NodeStatus {
    const { tree, simplex } = this.#started();
    return {
      height: simplex.notarizedHeight,
      finalizedHeight: tree.finalized.header.height,
      view: simplex.view,
      stateRoot: tree.finalizedStateRoot,
      settlementHeight: this.#settlement.newestHeight,
      pendingBatches: pendingBatchCount(tree.finalizedState()),
      mempoolCount: this.#mempool.count,
    };
  }

  // Start ------------------------------------------------------------------------------------------------

  #start({ recovered, peers, nowMs, mayHaveRun = false }: InputOf<'started'>): void {
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
    this.#storedViews = new Set([...memory.votes, ...memory.certificates].map(({ view }) => view));
    this.#push({ type: 'followSettlement', fromHeight: finalized.header.origin.height });
    this.#mayHaveRun = mayHaveRun;
    const hasLostDisk = state === undefined && (mayHaveRun || nowMs > 0) && peers.length > 0;
    this.#guard = hasLostDisk ? { untilView: undefined } : state?.guard;
    if (state === undefined) this.#persistGenesis(tree.finalized, genesisState);
    if (this.#guard !== undefined) {
      const { untilView } = this.#guard;
      parts.simplex.guardUntil(untilView ?? Number.MAX_SAFE_INTEGER);
      if (untilView === undefined) this.#guardReports = new Map();
    }
    parts.simplex.start(memory, nowMs);
    parts.settler.recover(state?.outbox ?? []);
    if (nowMs > 0 || hasLostDisk) parts.synchroniser.askAll(nowMs);
  }

  #compose(tree: BlockTree, peers: readonly PeerId[], finalizedView: View | undefined): Parts {
    const { genesis, self, deltaMs, inactiveViews } = this.#options;
    const { chainId, validators, blockTimeMs } = genesis;
    const executor = new Executor(this.#options, this.#dependencies, {
      tree,
      settlement: this.#settlement,
      mempool: this.#mempool,
    });
    const simplex = new Simplex(
      { chainId, validators, self, blockTimeMs, deltaMs, inactiveViews },
      {
        host: this.#simplexHost(),
        signer: this.#dependencies.signer,
        verifier: this.#dependencies.crypto,
        leaders: new LeaderSchedule(validators),
      },
      { block: tree.finalized, view: finalizedView ?? tree.finalized.header.view },
    );
    const host = {
      output: (output: Output) => this.#push(output),
      storedBlock: (height: Height) => this.#history.get(height),
      finalizedState: () => tree.finalizedState(),
      newestSettlementBlock: () => this.#settlement.at(this.#settlement.newestHeight),
      isSilent: () => simplex.isGuarded,
      needsReports: () => this.#guardReports !== undefined,
      reported: (peer: PeerId, response: SyncResponse) => this.#noteReport(peer, response),
    };
    const settler = new Settler(this.#options, this.#dependencies, host);
    const synchroniser = new Synchroniser({ deltaMs, peers, self }, { host, simplex });
    return { tree, simplex, executor, settler, synchroniser };
  }

  /** Genesis rows go to disk at once, with the guard if there is one: an empty disk is then always a lost one. */
  #persistGenesis(genesisBlock: Block, { base, stateRoot }: GenesisState): void {
    const writes = [...stateWrites(base), headWrite(genesisBlock, stateRoot)];
    if (this.#guard !== undefined) writes.push(guardWrite(this.#guard));
    this.#push({ type: 'persist', writes, sync: true });
  }

  /**
   * A node without its vote log waits until a quorum (itself included) has shown how far it is, then until a block
   * is final in a view two above all of that. Views are believed with the certificate that opened them only, so
   * nobody can silence a node by a lie. A network that has not begun has nothing to forget.
   */
  #noteReport(peer: PeerId, { proof }: SyncResponse): void {
    const reports = this.#guardReports;
    const { genesis, self } = this.#options;
    if (reports === undefined) return;
    if (proof !== undefined && !verifyCertificate(proof, genesis, this.#dependencies.crypto).ok) return;
    reports.set(peer, proof === undefined ? 1 : proof.view + 1);
    const { validators } = genesis;
    let power = validators.at(self).power;
    let newestView = 0;
    for (const [reporter, reported] of reports) {
      power += validators.at(reporter).power;
      newestView = Math.max(newestView, reported);
    }
    if (!validators.isQuorum(power)) return;
    this.#guardReports = undefined;
    const untilView = newestView <= 1 && !this.#mayHaveRun ? 0 : newestView + 2;
    this.#guard = untilView === 0 ? undefined : { untilView };
    this.#push({ type: 'persist', writes: [guardWrite(this.#guard)], sync: true });
    this.#started().simplex.guardUntil(untilView);
  }

  // Inputs -----------------------------------------------------------------------------------------------

  #dispatch(input: Exclude<Input, InputOf<'started'>>): void {
    const { simplex, synchroniser } = this.#started();
    switch (input.type) {
      case 'message':
        this.#push(this.#onMessage(input.topic, input.bytes));
        return;
      case 'timerFired':
        if (input.id === 'sync') synchroniser.onTimer(input.nowMs);
        else if (input.id === 'hold') simplex.reconsider(input.nowMs);
        else simplex.onTimer(input.id, input.nowMs);
        return;
      case 'settlementBlock':
        this.#onSettlementBlock(input.block);
        return;
      case 'transactionSubmitted':
        this.#onTransactionSubmitted(input);
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
        return this.#admitTransaction(bytes);
      case 'evidence':
        return this.#onEvidence(bytes);
      case 'settlements':
        return this.#onCompletion(bytes);
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
    if (certificate === undefined) return judgement;
    const onCertificate = simplex.onCertificate(certificate, this.#nowMs);
    return onCertificate.verdict === 'ignore' ? judgement : onCertificate;
  }

  #onProposal(bytes: Uint8Array): MessageJudgement {
    if (bytes.length > this.#options.genesis.blockBytesMax + PROPOSAL_OVERHEAD_BYTES) {
      return reject('BLOCK_TOO_LARGE');
    }
    const message = this.#decoded<ProposalMessage>(bytes, decodeProposal);
    if (!message.ok) return reject(message.code);
    return this.#started().simplex.onProposal(message.value.block, message.value.vote, this.#nowMs);
  }

  #onTransactionSubmitted({ bytes, gossip }: InputOf<'transactionSubmitted'>): void {
    const judgement = this.#admitTransaction(bytes);
    this.#push(judgement);
    if (gossip && judgement.verdict === 'accept')
      this.#push({ type: 'publish', topic: 'transactions', bytes });
  }

  #admitTransaction(bytes: Uint8Array): MessageJudgement {
    const { executor, tree } = this.#started();
    const prepared = executor.prepare(bytes);
    if (!prepared.ok) return reject(prepared.code);
    if (this.#mempool.get(prepared.value.id) !== undefined) return ignore('MEMPOOL_DUPLICATE');
    const verified = executor.verify(prepared.value);
    if (!verified.ok) return reject(verified.code);
    const { genesis } = this.#options;
    const account = accountOf(tree.finalizedState(), genesis.ledger, prepared.value.transaction.from);
    const { height } = tree.finalized.header;
    const added = this.#mempool.add(prepared.value, { height, nonce: account.nonce });
    return added.ok ? accepted : ignore(added.code);
  }

  #onEvidence(bytes: Uint8Array): MessageJudgement {
    const decoded = decodeEvidence(bytes);
    if (!decoded.ok) return reject(decoded.code);
    const verified = verifyEvidence(decoded.value, this.#options.genesis, this.#dependencies.crypto);
    if (!verified.ok) return reject(verified.code);
    return this.#keepEvidence(verified.value, bytes) ? accepted : ignore('EVIDENCE_DUPLICATE');
  }

  /** One piece a validator is enough: the first proves the fault, the fault is punished once. */
  #keepEvidence(evidence: EquivocationEvidence, bytes: Uint8Array): boolean {
    const validator = evidence.first.voter;
    const state = this.#started().tree.finalizedState();
    if (standingOf(state, validator).tombstoned || this.#evidence.size >= EVIDENCE_POOL_MAX) return false;
    for (const item of this.#evidence.values()) if (item.validator === validator) return false;
    const id = evidenceId(evidence);
    this.#evidence.set(id, { id, bytes, validator });
    return true;
  }

  #onCompletion(bytes: Uint8Array): MessageJudgement {
    const decoded = decodeCompletion(bytes);
    if (!decoded.ok) return reject(decoded.code);
    const { genesis } = this.#options;
    const completion = decoded.value;
    if (!genesis.validators.has(completion.proposer)) return reject('COMPLETION_PROPOSER_UNKNOWN');
    const { publicKey } = genesis.validators.at(completion.proposer);
    const message = completionSigningBytes(genesis.chainId, completion);
    if (!this.#dependencies.crypto.verify(publicKey, message, completion.signature)) {
      return reject('COMPLETION_SIGNATURE_INVALID');
    }
    const judgement = judgeCompletion(completion, this.#settlement.at(completion.settlementHeight));
    if (judgement === 'consistent') return accepted;
    return judgement === 'unknown' ? ignore('COMPLETION_UNKNOWN') : reject('COMPLETION_CONTRADICTS_CHAIN');
  }

  #onSettlementBlock(block: SettlementBlock): void {
    if (!this.#settlement.add(block)) return;
    const { settler, simplex } = this.#started();
    this.#commitPending();
    settler.onSettlementBlock(block);
    simplex.reconsider(this.#nowMs);
  }

  // Agreement --------------------------------------------------------------------------------------------

  #simplexHost(): SimplexHost {
    return {
      castVote: (vote, record, block) => {
        this.#unsaved.add(record);
        this.#saveViews({ proposal: vote.kind === 'notarize' ? record.proposal : undefined, sync: true });
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
      keep: (record) => this.#unsaved.add(record),
      setTimer: (id, at) => this.#push({ type: 'setTimer', id, at }),
      clearTimer: (id) => this.#push({ type: 'clearTimer', id }),
      rebroadcast: (votes, certificate) => {
        this.#resendCount += 1;
        const message = { resend: this.#resendCount, votes, certificate };
        this.#publish('votes', encodeVotes(message), message);
      },
      requestMissing: (peer) => this.#started().synchroniser.request(peer, this.#nowMs),
      propose: (parent, view, nowMs) => this.#propose(parent, view, nowMs),
      validate: (block, parent, nowMs) => this.#validate(block, parent, nowMs),
      isBodyValid: (block) => this.#started().executor.checkBody(block).ok,
      notarized: (view, hash, block) => {
        if (block === undefined) return;
        const { height } = block.header;
        this.#push({ type: 'emit', event: { type: 'block_notarized', height, view, hash } });
      },
      nullified: (view) => this.#push({ type: 'emit', event: { type: 'view_nullified', view } }),
      finalized: (blocks, certificate) => this.#onFinalized(blocks, certificate),
      equivocation: (first, second) => {
        const evidence = createEvidence(first, second);
        const bytes = encodeEvidence(evidence);
        const { voter: validator, view } = first;
        this.#push({ type: 'emit', event: { type: 'equivocation_seen', validator, view } });
        if (this.#keepEvidence(evidence, bytes)) this.#push({ type: 'publish', topic: 'evidence', bytes });
      },
    };
  }

  #propose(parent: Block, view: View, nowMs: TimeMs): Block | undefined {
    if (!this.#ensureExecuted(parent)) return undefined;
    const { blockTimeMs } = this.#options.genesis;
    const earliestMs = parent.header.timestampMs + blockTimeMs;
    const isLate = nowMs > earliestMs + blockTimeMs;
    const timestampMs = isLate ? Math.floor(nowMs / blockTimeMs) * blockTimeMs : earliestMs;
    return this.#started().executor.build(parent, { view, timestampMs }, [...this.#evidence.values()]);
  }

  #validate(block: Block, parent: Block, nowMs: TimeMs): 'valid' | 'invalid' | 'wait' {
    const { timestampMs, origin } = block.header;
    const { blockTimeMs } = this.#options.genesis;
    if (timestampMs < parent.header.timestampMs + blockTimeMs || timestampMs % blockTimeMs !== 0)
      return 'invalid';
    if (timestampMs > nowMs + CLOCK_TOLERANCE_MS) {
      this.#push({ type: 'setTimer', id: 'hold', at: timestampMs - CLOCK_TOLERANCE_MS });
      return 'wait';
    }
    const judgement = this.#settlement.judge(origin, parent.header.origin, timestampMs);
    if (judgement !== 'valid') return judgement;
    if (!this.#ensureExecuted(parent)) return 'wait';
    const executed = this.#started().executor.execute(block, parent);
    if (executed.ok) return 'valid';
    return executed.code === 'SETTLEMENT_UNKNOWN' ? 'wait' : 'invalid';
  }

  /** Executes notarised ancestors that came in over sync; false while that is not possible yet. */
  #ensureExecuted(block: Block): boolean {
    const { tree, simplex, executor } = this.#started();
    const chain: Block[] = [];
    let next: Block | undefined = block;
    while (next !== undefined && !tree.isExecuted(next.hash)) {
      chain.push(next);
      next = simplex.openBlock(next.header.parentHash);
    }
    let parent = next ?? tree.finalized;
    for (const missing of chain.reverse()) {
      if (missing.header.parentHash !== parent.hash) return false;
      const executed = executor.execute(missing, parent);
      if (!executed.ok) return false;
      parent = missing;
    }
    return true;
  }

  // Finality ---------------------------------------------------------------------------------------------

  #onFinalized(blocks: readonly Block[], certificate: Certificate): void {
    for (const block of blocks) {
      const isLast = block.hash === certificate.blockHash;
      this.#uncommitted.push({ block, certificate: isLast ? certificate : undefined });
    }
    this.#commitPending();
  }

  #commitPending(): void {
    const { tree, executor } = this.#started();
    while (this.#uncommitted.length > 0) {
      const stored = this.#uncommitted[0];
      if (stored === undefined) return;
      const executed = executor.execute(stored.block, tree.finalized);
      if (!executed.ok) {
        assert(executed.code === 'SETTLEMENT_UNKNOWN', `a final block is invalid: ${executed.message}`);
        return;
      }
      this.#uncommitted.shift();
      this.#commit(stored, executed.value);
    }
  }

  /** Makes a final block durable with everything it causes, in one synced write batch, then acts on it. */
  #commit(stored: StoredBlock, executed: ExecutedBlock): void {
    const { tree, settler, executor, simplex } = this.#started();
    const { block, result } = executed;
    const { header } = block;
    tree.finalize(block.hash);
    const writes = [...stateWrites(result.layer), headWrite(block, result.stateRoot)];
    if (this.#guard !== undefined && !simplex.isGuarded) {
      this.#guard = undefined;
      writes.push(guardWrite(undefined));
    }
    writes.push(...this.#history.add(stored, result.facts));
    this.#pruneViews(header.view, writes);
    writes.push(...settler.endedBy(result.facts));
    this.#push({ type: 'persist', writes, sync: true });
    this.#mempool.settle(executor.transactionsOf(block), header.height);
    this.#settlement.prune(header.origin.height);
    for (const fact of result.facts) {
      if (fact.type !== 'tombstoned') continue;
      for (const [id, item] of this.#evidence)
        if (item.validator === fact.validator) this.#evidence.delete(id);
    }
    this.#push({
      type: 'emit',
      event: {
        type: 'block_finalized',
        height: header.height,
        view: header.view,
        hash: block.hash,
        timestampMs: header.timestampMs,
        leader: header.leader,
        stateRoot: result.stateRoot,
        originHeight: header.origin.height,
        facts: result.facts,
        transactions: result.receipts,
      },
    });
    this.#dependencies.observer?.finalized(this.#options.self, block, result);
    settler.onFinalized(result.facts);
  }

  /** Writes the rows of views in which something happened. Before a vote leaves, they are synced. */
  #saveViews(options: { readonly proposal: Block | undefined; readonly sync: boolean }): void {
    const writes: Write[] = [];
    for (const record of this.#unsaved) {
      writes.push(viewWrite(record));
      this.#storedViews.add(record.view);
    }
    this.#unsaved.clear();
    if (options.proposal !== undefined) writes.push(proposalWrite(options.proposal));
    this.#push({ type: 'persist', writes, sync: options.sync });
  }

  /** What was to be remembered of views up to the finalised one has done its duty. */
  #pruneViews(finalizedView: View, writes: Write[]): void {
    for (const record of this.#unsaved) if (record.view <= finalizedView) this.#unsaved.delete(record);
    for (const view of this.#storedViews) {
      if (view > finalizedView) continue;
      this.#storedViews.delete(view);
      writes.push({ key: viewKey(view), value: undefined }, { key: proposalKey(view), value: undefined });
    }
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
    this.#outputs.push(output);
  }

  #started(): Parts {
    assert(this.#parts !== undefined, 'the first input must be `started`');
    return this.#parts;
  }
}
