/**
 * A hostile network of bare Simplex nodes in virtual time: messages are delayed, dropped and reordered at random,
 * nodes crash and come back with their durable votes, Byzantine keys sign whatever hurts. No ledger, no runtime:
 * what is tested is agreement alone. Every decision comes from one seeded generator.
 */
import { type Block, createBlock, createGenesisBlock } from '../../consensus/block.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { type Hash, ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { SimplexLack, SimplexTimer } from '../../consensus/simplex/host.ts';
import { Simplex } from '../../consensus/simplex/simplex.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import { type Certificate, type Vote, type VoteKind, voteSigningBytes } from '../../consensus/vote.ts';
import { LeaderSchedule } from '../../consensus/weightedRotation.ts';

export const BLOCK_TIME_MS = 2000;
export const DELTA_MS = 500;
const CHAIN_ID: Hash = `0x${'c1'.repeat(32)}`;

export interface NetworkOptions {
  readonly seed: number;
  readonly powers: readonly number[];
  /** Indexes whose keys the adversary holds. */
  readonly byzantine: readonly number[];
}

/** How messages fare while it is in force. */
export interface Weather {
  readonly delayMs: { readonly low: number; readonly high: number };
  readonly loss: number;
  /** Chance, per delivered message, that some honest node crashes. */
  readonly crash: number;
  /** Chance, per delivered message, that the adversary acts. */
  readonly attack: number;
}

type Message =
  | { readonly kind: 'proposal'; readonly block: Block; readonly vote: Vote }
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'ask'; readonly height: number; readonly lack: SimplexLack }
  | {
      readonly kind: 'answer';
      readonly chain: readonly Final[];
      readonly certificates: readonly Certificate[];
      readonly blocks: readonly Block[];
    };

interface Final {
  readonly block: Block;
  readonly certificate: Certificate | undefined;
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

class HonestNode {
  simplex!: Simplex;
  up = true;
  generation = 0;
  readonly finals: Final[] = [];
  /** Durable: what a restart starts from. */
  votes: Vote[] = [];
  proposals: Block[] = [];
  certificates: Certificate[] = [];
  readonly timers = new Map<SimplexTimer, number>();
  lastAskMs = Number.NEGATIVE_INFINITY;
}

export class SimplexNetwork {
  readonly validators: ValidatorSet;
  readonly honest = new Map<number, HonestNode>();
  /** Proofs of equivocation that honest nodes reported, by offender. */
  readonly accused = new Set<number>();
  nowMs = 0;
  weather: Weather = { delayMs: { low: 1, high: 50 }, loss: 0, crash: 0, attack: 0 };
  readonly #random: Random;
  readonly #signers: Signer[];
  readonly #crypto = createCrypto('modelled');
  readonly #leaders: LeaderSchedule;
  readonly #genesis: Block;
  readonly #options: NetworkOptions;
  readonly #queue: Pending[] = [];
  readonly #seenBlocks: Block[] = [];
  #order = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#random = new Random(`simplex/${options.seed}`);
    this.#signers = options.powers.map((_, index) =>
      this.#crypto.createSigner(deriveSecretKey(options.seed, `validator/${index}`)),
    );
    this.validators = new ValidatorSet(
      options.powers.map((power, index) => ({
        name: `node-${index}`,
        publicKey: this.#signers[index]?.publicKey ?? '',
        power,
      })),
    );
    this.#leaders = new LeaderSchedule(this.validators);
    this.#genesis = createGenesisBlock({
      chainId: CHAIN_ID,
      blockTimeMs: BLOCK_TIME_MS,
      stateRoot: ZERO_HASH,
      settlementGenesisHash: ZERO_HASH,
    });
    for (const [index] of options.powers.entries()) {
      if (options.byzantine.includes(index)) continue;
      const node = new HonestNode();
      this.honest.set(index, node);
      this.#at(0, () => this.#start(index, node));
    }
  }

  /** Lets everything with a time up to `untilMs` happen. */
  run(untilMs: number): void {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || next.at > untilMs) break;
      this.#queue.shift();
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = untilMs;
  }

  /** Brings every crashed node back. */
  heal(): void {
    for (const [index, node] of this.honest) if (!node.up) this.#restart(index, node);
  }

  finalHeights(): number[] {
    return [...this.honest.values()].map((node) => node.finals.at(-1)?.block.header.height ?? 0);
  }

  /** Two honest nodes with different final blocks at one height, or undefined. */
  findDisagreement(): string | undefined {
    const byHeight = new Map<number, Hash>();
    for (const [index, node] of this.honest) {
      for (const { block } of node.finals) {
        const { height } = block.header;
        const known = byHeight.get(height) ?? block.hash;
        if (known !== block.hash) return `node-${index} finalised another block at height ${height}`;
        byHeight.set(height, known);
      }
    }
    return undefined;
  }

  #start(index: number, node: HonestNode): void {
    const generation = node.generation;
    const last = node.finals.at(-1);
    const isCurrent = () => node.up && node.generation === generation;
    node.simplex = new Simplex(
      {
        chainId: CHAIN_ID,
        validators: this.validators,
        self: index,
        blockTimeMs: BLOCK_TIME_MS,
        deltaMs: DELTA_MS,
        inactiveViews: 8,
      },
      {
        signer: this.#signers[index] as Signer,
        verifier: this.#crypto,
        leaders: this.#leaders,
        host: {
          castVote: (vote, record, block) => {
            node.votes.push(vote);
            if (vote.kind === 'notarize' && record.proposal !== undefined)
              node.proposals.push(record.proposal);
            this.#broadcast(
              index,
              block === undefined ? { kind: 'vote', vote } : { kind: 'proposal', block, vote },
            );
          },
          keep: ({ notarization, nullification }) => {
            if (notarization !== undefined) node.certificates.push(notarization);
            if (nullification !== undefined) node.certificates.push(nullification);
          },
          setTimer: (timer, at) => {
            node.timers.set(timer, at);
            this.#at(Math.max(at, this.nowMs), () => {
              if (!isCurrent() || node.timers.get(timer) !== at) return;
              node.timers.delete(timer);
              node.simplex.onTimer(timer, this.nowMs);
            });
          },
          clearTimer: (timer) => node.timers.delete(timer),
          rebroadcast: (votes, certificate) => {
            for (const vote of votes) this.#broadcast(index, { kind: 'vote', vote });
            if (certificate !== undefined) this.#broadcast(index, { kind: 'certificate', certificate });
          },
          requestMissing: (peer) => this.#ask(index, node, peer),
          propose: (parent, view) => this.#blockOn(parent, view, index, ZERO_HASH),
          validate: (block, parent) =>
            block.header.timestampMs >= parent.header.timestampMs + BLOCK_TIME_MS ? 'valid' : 'invalid',
          isBodyValid: () => true,
          notarized: () => undefined,
          nullified: () => undefined,
          canFinalize: () => true,
          finalized: (blocks, certificate) => {
            for (const block of blocks) {
              const isLast = block.hash === certificate.blockHash;
              node.finals.push({ block, certificate: isLast ? certificate : undefined });
            }
          },
          equivocation: (first) => this.accused.add(first.voter),
        },
      },
      { block: last?.block ?? this.#genesis, view: last?.certificate?.view ?? last?.block.header.view ?? 0 },
    );
    node.simplex.start(node, this.nowMs);
  }

  #restart(index: number, node: HonestNode): void {
    node.up = true;
    node.generation += 1;
    node.timers.clear();
    // What is final without a certificate of its own was fetched with one behind it; a restart keeps both.
    this.#start(index, node);
  }

  #blockOn(parent: Block, view: number, leader: number, salt: Hash): Block {
    const due = parent.header.timestampMs + BLOCK_TIME_MS;
    const late = Math.floor(this.nowMs / BLOCK_TIME_MS) * BLOCK_TIME_MS;
    const block = createBlock(
      {
        chainId: CHAIN_ID,
        height: parent.header.height + 1,
        view,
        parentHash: parent.hash,
        timestampMs: this.nowMs > due + BLOCK_TIME_MS ? late : due,
        leader,
        origin: parent.header.origin,
        transactionsRoot: salt,
        receiptsRoot: ZERO_HASH,
        stateRoot: ZERO_HASH,
        batchCommitment: ZERO_HASH,
      },
      { transactions: [], evidence: [] },
    );
    this.#seenBlocks.push(block);
    if (this.#seenBlocks.length > 64) this.#seenBlocks.shift();
    return block;
  }

  #ask(index: number, node: HonestNode, peer: number | undefined): void {
    if (this.nowMs < node.lastAskMs + DELTA_MS / 2) return;
    node.lastAskMs = this.nowMs;
    const others = [...this.honest.keys()].filter((other) => other !== index);
    const target =
      peer !== undefined && peer !== index ? peer : others[this.#random.below(others.length || 1)];
    if (target === undefined) return;
    this.#send(index, target, {
      kind: 'ask',
      height: node.simplex.chain.finalized.header.height,
      lack: node.simplex.chain.lack,
    });
  }

  #broadcast(from: number, message: Message): void {
    for (const [to] of this.honest) if (to !== from) this.#send(from, to, message);
  }

  #send(from: number, to: number, message: Message): void {
    if (this.#random.chance(this.weather.loss)) return;
    const { low, high } = this.weather.delayMs;
    this.#at(this.nowMs + this.#random.between(low, high), () => this.#deliver(from, to, message));
  }

  #deliver(from: number, to: number, message: Message): void {
    // Only honest messages provoke an attack, or attacks would breed without end.
    if (this.honest.has(from) && this.#random.chance(this.weather.attack)) this.#attack();
    if (this.#random.chance(this.weather.crash)) this.#crashOne();
    const node = this.honest.get(to);
    if (node === undefined || !node.up) return;
    const { simplex } = node;
    switch (message.kind) {
      case 'proposal':
        simplex.onProposal(message.block, message.vote, this.nowMs);
        return;
      case 'vote':
        simplex.onVote(message.vote, this.nowMs);
        return;
      case 'certificate':
        simplex.onCertificate(message.certificate, this.nowMs);
        return;
      case 'ask':
        this.#answer(to, from, node, message);
        return;
      case 'answer':
        this.#learn(node, message);
    }
  }

  #answer(
    self: number,
    to: number,
    node: HonestNode,
    { height, lack }: Extract<Message, { readonly kind: 'ask' }>,
  ): void {
    const chain = node.finals.filter(({ block }) => block.header.height > height).slice(0, 64);
    while (chain.length > 0 && chain.at(-1)?.certificate === undefined) chain.pop();
    const named = node.simplex.chain.notarizationOf(lack.blockHash);
    const certificates = [
      ...(named ? [named] : []),
      ...node.simplex.chain.openCertificates(lack.fromView, 16),
    ];
    const blocks = certificates.flatMap(({ blockHash }) => node.simplex.chain.block(blockHash) ?? []);
    this.#send(self, to, { kind: 'answer', chain, certificates, blocks });
  }

  #learn({ simplex }: HonestNode, answer: Extract<Message, { readonly kind: 'answer' }>): void {
    const { height } = simplex.chain.finalized.header;
    const news = answer.chain.filter(({ block }) => block.header.height > height);
    const certificate = news.at(-1)?.certificate;
    if (certificate !== undefined) {
      simplex.onFinalizedChain(
        news.map(({ block }) => block),
        certificate,
        this.nowMs,
      );
    }
    for (const open of answer.certificates) simplex.onCertificate(open, this.nowMs);
    for (const block of answer.blocks) simplex.onBlock(block, this.nowMs);
  }

  #crashOne(): void {
    const indexes = [...this.honest.keys()];
    const index = indexes[this.#random.below(indexes.length)];
    const node = index === undefined ? undefined : this.honest.get(index);
    if (index === undefined || node === undefined || !node.up) return;
    node.up = false;
    this.#at(this.nowMs + this.#random.between(100, 20_000), () => {
      if (!node.up) this.#restart(index, node);
    });
  }

  /** One dishonest act: a random vote about something that exists, or two proposals for one view. */
  #attack(): void {
    const { byzantine } = this.#options;
    const culprit = byzantine[this.#random.below(byzantine.length || 1)];
    const victims = [...this.honest.values()].filter(({ up }) => up);
    const victim = victims[this.#random.below(victims.length || 1)];
    if (culprit === undefined || victim === undefined) return;
    const { view } = victim.simplex;
    const parent = victim.simplex.chain.finalized;
    if (this.#leaders.leaderOf(view) === culprit && this.#random.chance(0.5)) {
      for (const [to] of this.honest) {
        const salt: Hash = `0x${(this.#random.below(2) === 0 ? 'aa' : 'bb').repeat(32)}`;
        const block = this.#blockOn(parent, view, culprit, salt);
        const vote = this.#forge(culprit, 'notarize', view, block.hash);
        this.#send(culprit, to, { kind: 'proposal', block, vote });
      }
      return;
    }
    const block = this.#seenBlocks[this.#random.below(this.#seenBlocks.length || 1)];
    const kinds: readonly VoteKind[] = ['notarize', 'nullify', 'finalize'];
    const kind = kinds[this.#random.below(3)] ?? 'nullify';
    const about = block !== undefined && this.#random.chance(0.8) ? block.header.view : view;
    const hash = kind === 'nullify' ? ZERO_HASH : (block?.hash ?? `0x${'dd'.repeat(32)}`);
    const vote = this.#forge(culprit, kind, about, hash);
    for (const [to] of this.honest)
      if (this.#random.chance(0.6)) this.#send(culprit, to, { kind: 'vote', vote });
  }

  #forge(voter: number, kind: VoteKind, view: number, blockHash: Hash): Vote {
    const subject = { kind, view, blockHash };
    const signer = this.#signers[voter] as Signer;
    return { ...subject, voter, signature: signer.sign(voteSigningBytes(CHAIN_ID, subject)) };
  }

  #at(at: number, run: () => void): void {
    const entry = { at, order: this.#order, run };
    this.#order += 1;
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle] as Pending;
      if (other.at < at || (other.at === at && other.order < entry.order)) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }
}
