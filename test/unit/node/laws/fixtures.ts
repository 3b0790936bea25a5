/** Small pieces of finalised blocks, for laws that only look at what they are given. */
import { type Block, createBlock } from '../../../../consensus/block.ts';
import { type Hash, ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import type { LedgerRules } from '../../../../settlement/ledger/types.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import type { NetRules, SealedBatch } from '../../../../settlement/net/types.ts';
import { Layer } from '../../../../settlement/state.ts';

export const ledgerRules: LedgerRules = {
  assets: ['UM', 'TNZO'].map((symbol) => ({
    symbol,
    decimals: 6,
    collateralFactorBps: 8000,
    liquidationThresholdBps: 9000,
    liquidationBonusBps: 500,
    price: 100_000_000n,
  })),
  closeFactorBps: 5000,
  stakeAsset: 'TNZO',
  oracle: `0x${'11'.repeat(32)}`,
};

export const netRules: NetRules = {
  batchSize: 5,
  batchSizeMin: 1,
  batchSizeMax: 100,
  adaptive: 'fixed',
  congestedBaseFee: 1_000_000n,
  exposureMax: [],
  sealLeadMs: 500,
  blockTimeMs: 2000,
  settlementBlockTimeMs: 5000,
  baseAsset: 'USDC',
  slippageBps: 100,
  submissionDeadlineBlocks: 2,
  maxAttempts: 3,
  settlementGasReserve: 1_000_000,
  feeCap: 1000n,
  missedSlashBps: 100,
  equivocationSlashBps: 500,
  jailAfterMisses: 3,
  jailWindow: 10,
  jailBlocks: 150,
};

export function hashOf(digit: string): Hash {
  return `0x${digit.repeat(64)}`;
}

export function blockAt(height: number, originHeight = 0, stateRoot: Hash = ZERO_HASH, leader = 0): Block {
  return createBlock(
    {
      chainId: ZERO_HASH,
      height,
      view: height,
      parentHash: ZERO_HASH,
      timestampMs: (height - 1) * 2000,
      leader,
      origin: { height: originHeight, hash: ZERO_HASH },
      transactionsRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      stateRoot,
      batchCommitment: ZERO_HASH,
    },
    { transactions: [], evidence: [] },
  );
}

export function resultOf(fields: Partial<ExecutionResult> = {}): ExecutionResult {
  return {
    layer: new Layer(),
    stateRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    transactionsRoot: ZERO_HASH,
    batchCommitment: ZERO_HASH,
    receipts: [],
    facts: [],
    atomicFacts: [],
    crossChainFacts: [],
    inputFacts: [],
    postedFacts: [],
    flows: { borrowed: [], repaid: [], fees: [], liquidations: 0 },
    ...fields,
  };
}

export function batchOf(seq: number, fields: Partial<SealedBatch> = {}): SealedBatch {
  return {
    seq,
    fromHeight: (seq - 1) * 5 + 1,
    toHeight: seq * 5,
    net: [{ asset: 'UM', amount: 10n }],
    fees: [],
    liquidations: 0,
    borrowed: [{ asset: 'UM', amount: 10n }],
    repaid: [],
    commitment: ZERO_HASH,
    attempts: [
      {
        attempt: 1,
        proposer: 0,
        actions: [],
        assignedAtHeight: seq * 5,
        outcome: undefined,
        revertCode: undefined,
      },
    ],
    clockCount: 0,
    clockStartHeight: undefined,
    heldSlash: 0n,
    missedBy: [],
    ...fields,
  };
}

export function settlementBlockAt(height: number, fields: Partial<SettlementBlock> = {}): SettlementBlock {
  return {
    height,
    hash: ZERO_HASH,
    parentHash: ZERO_HASH,
    timestampMs: height * 5000,
    baseFee: 1n,
    gasUsed: 0,
    gasLimit: 10_000_000,
    events: [],
    reserves: [],
    nextBaseFee: 1n,
    lastSettledSeq: 0,
    ...fields,
  };
}

export function confirmedFact(batch: SealedBatch) {
  return {
    type: 'batch_confirmed',
    batch,
    settlementHeight: 1,
    includedAtMs: 5000,
    settler: 0,
    attempt: 1,
    transactionHash: ZERO_HASH,
    amountsIn: [],
    gasUsed: 1,
    fee: 1n,
  } as const;
}
