/**
 * Executes what nodes report as final, as a node would, and believes nothing else: a block counts once it stands on the
 * one before, its transactions are signed, and executing it gives the roots that its header names. What names a settlement
 * block that is not known here yet waits for it.
 */
import { type Block, createGenesisBlock, decodeBlock } from '../../../consensus/block.ts';
import { decode } from '../../../consensus/primitives/codec.ts';
import type { Height, SettlementHeight } from '../../../consensus/primitives/flavor.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import { type Certificate, readCertificate, verifyCertificate } from '../../../consensus/vote.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { GenesisState } from '../../../settlement/execution/genesisState.ts';
import type { ExecutionResult } from '../../../settlement/execution/result.ts';
import type { SettlementBlock } from '../../../settlement/net/settlement.ts';
import { BlockTree } from '../../core/blockTree.ts';
import { Executor } from '../../core/executor.ts';
import { Mempool } from '../../core/mempool.ts';
import { SettlementView } from '../../core/settlementView.ts';

/** Final blocks that may wait for one before them, or for the settlement chain; what lies farther ahead comes again. */
const WAITING_HEIGHTS_MAX = 4096;
/** Settlement blocks remembered for laws and proofs: almost a day of them at the default interval. */
const SETTLEMENT_BLOCKS_KEPT = 16_384;

/** A block as a node reported it. */
export interface ReportedBlock {
  readonly node: number;
  readonly height: Height;
  readonly block: Uint8Array;
  readonly certificate: Uint8Array | undefined;
}

export interface BlockReplayDependencies {
  readonly crypto: Crypto;
  /** A block became final, the next one after the last. @param node - Who reported it first. */
  readonly onFinal: (
    node: number,
    block: Block,
    result: ExecutionResult,
    certificate: Certificate | undefined,
  ) => void;
  /** What a node reported as final cannot be. */
  readonly onInvalid: (node: number, message: string) => void;
}

export class BlockReplay {
  readonly #genesis: Genesis;
  readonly #dependencies: BlockReplayDependencies;
  readonly #tree: BlockTree;
  readonly #settlement: SettlementView;
  readonly #executor: Executor;
  /** By height, each by who reported it; the next height first. */
  readonly #waiting = new Map<Height, ReportedBlock[]>();
  readonly #settlementBlocks = new Map<SettlementHeight, SettlementBlock>();
  #settlementHeight: SettlementHeight = 0;

  /** @param state - The state of genesis, which this takes over and writes to. */
  constructor(genesis: Genesis, state: GenesisState, dependencies: BlockReplayDependencies) {
    const { chainId, blockTimeMs, settlementGenesisHash } = genesis;
    const { stateRoot } = state;
    this.#genesis = genesis;
    this.#dependencies = dependencies;
    const first = createGenesisBlock({ chainId, blockTimeMs, stateRoot, settlementGenesisHash });
    this.#tree = new BlockTree(state.base, first, stateRoot);
    this.#settlement = new SettlementView(genesis, first.header.origin);
    this.#executor = new Executor(
      { genesis, self: 0 },
      { crypto: dependencies.crypto, executions: undefined, messages: undefined, goodItems: undefined },
      { tree: this.#tree, settlement: this.#settlement, mempool: new Mempool() },
    );
  }

  /** Height of the newest block of the settlement chain. */
  get settlementHeight(): SettlementHeight {
    return this.#settlementHeight;
  }

  /** The settlement chain as it stands. */
  settlementBlockAt(height: SettlementHeight): SettlementBlock | undefined {
    return this.#settlementBlocks.get(height);
  }

  /** The next block of the settlement chain, or the first of those that replace others. */
  addSettlementBlock(block: SettlementBlock): void {
    const { height } = block;
    for (let above = height; above <= this.#settlementHeight; above += 1)
      this.#settlementBlocks.delete(above);
    this.#settlementHeight = height;
    this.#settlementBlocks.set(height, block);
    this.#settlementBlocks.delete(height - SETTLEMENT_BLOCKS_KEPT);
    this.#settlement.add(block);
    this.#advance();
  }

  addFinal(reported: ReportedBlock): void {
    const { height } = reported;
    const next = this.#nextHeight;
    if (height < next || height >= next + WAITING_HEIGHTS_MAX) return;
    const others = this.#waiting.get(height);
    if (others === undefined) this.#waiting.set(height, [reported]);
    else if (others.every(({ node }) => node !== reported.node)) others.push(reported);
    this.#advance();
  }

  get #nextHeight(): Height {
    return this.#tree.finalized.header.height + 1;
  }

  #advance(): void {
    for (let height = this.#nextHeight; this.#takeOne(height); height += 1) this.#waiting.delete(height);
  }

  /** @returns Whether the block of that height is final now. */
  #takeOne(height: Height): boolean {
    const candidates = this.#waiting.get(height);
    while (candidates !== undefined) {
      const [reported] = candidates;
      if (reported === undefined) return false;
      const taken = this.#take(reported);
      if (taken !== 'invalid') return taken === 'final';
      candidates.shift();
    }
    return false;
  }

  #take({
    node,
    height,
    block: bytes,
    certificate: certificateBytes,
  }: ReportedBlock): 'final' | 'waits' | 'invalid' {
    const { onFinal, onInvalid } = this.#dependencies;
    const refuse = (why: string): 'invalid' => {
      onInvalid(node, `reported a block as final at height ${height} that ${why}`);
      return 'invalid';
    };
    const decoded = decodeBlock(bytes);
    if (!decoded.ok) return refuse('does not decode');
    const block = decoded.value;
    const parent = this.#tree.finalized;
    const { origin, parentHash } = block.header;
    if (block.header.height !== height || parentHash !== parent.hash)
      return refuse('does not stand on the one before');
    if (!this.#isConfirmed(origin.height, parent.header.origin.height)) return 'waits';
    const certificate = this.#readCertificate(block, certificateBytes);
    if (certificate === 'invalid') return refuse('its certificate does not finalise');
    const body = this.#executor.checkBody(block);
    if (!body.ok) return refuse(`is not valid: ${body.message}`);
    const executed = this.#executor.execute(block, parent);
    if (!executed.ok) {
      if (executed.code === 'SETTLEMENT_UNKNOWN') return 'waits';
      return refuse(`is not valid: ${executed.message}`);
    }
    this.#tree.finalize(block.hash);
    this.#settlement.finalize(origin);
    const { result } = executed.value;
    onFinal(node, block, result, certificate);
    return 'final';
  }

  /** A law judges how deep a new origin lies, so it is looked at only when the chain has come as far here as there. */
  #isConfirmed(height: SettlementHeight, parentHeight: SettlementHeight): boolean {
    return height === parentHeight || height + this.#genesis.originConfirmations <= this.#settlementHeight;
  }

  #readCertificate(block: Block, bytes: Uint8Array | undefined): Certificate | undefined | 'invalid' {
    if (bytes === undefined) return undefined;
    const decoded = decode(bytes, readCertificate);
    if (!decoded.ok) return 'invalid';
    const certificate = decoded.value;
    if (certificate.kind !== 'finalize' || certificate.blockHash !== block.hash) return 'invalid';
    const verified = verifyCertificate(certificate, this.#genesis, this.#dependencies.crypto);
    return verified.ok ? certificate : 'invalid';
  }
}
