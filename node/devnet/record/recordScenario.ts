/**
 * Makes a scenario of what a network did: its configuration and genesis, every transaction at its block, and the batches
 * it made as expectations. Run in the simulation it gives the same batches, because range, net and actions follow from the
 * transactions of each block alone. State roots do not come out the same: accounts are labels there, with keys of their own.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { decodeTransaction } from '../../../settlement/execution/transaction.ts';
import type { ShownBatch } from '../../api/batchRoutes.ts';
import { parseConfig } from '../../config/parseConfig.ts';
import type { Config } from '../../config/types.ts';
import { describeExpectation, type ExpectationBody } from '../../scenario/describeExpectation.ts';
import { proofGenesisMsOf } from '../../scenario/genesis.ts';
import type {
  BatchFacts,
  Expectation,
  NetworkModel,
  Scenario,
  ScenarioAccount,
  ScenarioTransaction,
  TimelineEvent,
} from '../../scenario/types.ts';
import type { ChainRecord } from './chainRecord.ts';
import { AccountLabels } from './labels.ts';
import { scenarioTransactionOf } from './operations.ts';

/** Processes on one machine reach each other in a few ms. */
const LOCAL_NETWORK: NetworkModel = {
  latencyMs: 5,
  jitterMs: 2,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  bandwidthMbps: 100,
};
/** Settlement blocks after the last recorded block: time for its batch to be confirmed. */
const TAIL_SETTLEMENT_BLOCKS = 12;
/** Addresses whose labels the file names. */
const LABELS_TOLD_MAX = 40;

export interface RecordedNetwork {
  /** Of its processes. */
  readonly config: Config;
  /** Of the demand of others on the settlement chain. */
  readonly seed: number;
  readonly genesis: Genesis;
  readonly chain: ChainRecord;
}

export interface RecordedScenario {
  readonly scenario: Scenario;
  /** What whoever reads the file should know: lines to stand above it. */
  readonly comments: readonly string[];
  readonly transactionCount: number;
}

export function recordScenario({ config, seed, genesis, chain }: RecordedNetwork): RecordedScenario {
  const labels = new AccountLabels(genesis);
  const timeline: TimelineEvent[] = [];
  let transactionCount = 0;
  let leftOut = 0;
  for (const { height, transactions } of chain.blocks) {
    const written: ScenarioTransaction[] = [];
    for (const bytes of transactions) {
      const decoded = decodeTransaction(bytes);
      assert(decoded.ok, `a final block of height ${height} holds what is no transaction`);
      const transaction = scenarioTransactionOf(decoded.value.transaction, genesis, labels, height);
      if (transaction === undefined) leftOut += 1;
      else written.push(transaction);
    }
    if (written.length === 0) continue;
    transactionCount += written.length;
    timeline.push({ at: { block: height }, forMs: undefined, transactions: written, faults: [], line: 0 });
  }
  const last = chain.blocks.at(-1)?.height ?? 0;
  const scenario: Scenario = {
    name: `recorded ${config.chain.id} to block ${last}`,
    seed,
    durationMs:
      last * config.chain.blockTimeMs +
      TAIL_SETTLEMENT_BLOCKS * config.settlementChain.blockTimeMs +
      config.settlement.originDelayMs,
    config: scenarioConfigOf(
      config,
      timeline,
      genesis.atomic.treasury.keepers.map((keeper) => labels.of(keeper)),
    ),
    network: LOCAL_NETWORK,
    allowUnsafe: false,
    autoFund: false,
    accounts: accountsOf(genesis, labels),
    poolCash: genesis.poolCash,
    timeline,
    workload: { type: 'none' },
    expectations: expectationsOf(chain.batches),
    file: undefined,
  };
  return { scenario, comments: commentsOf({ chain, labels, leftOut, last, config }), transactionCount };
}

/** Keys, addresses, accounts and paths belong to the processes of the network; a scenario has its own, or needs none. */
function scenarioConfigOf(
  config: Config,
  timeline: readonly TimelineEvent[],
  treasuryKeepers: readonly string[],
): Config {
  const sizes = timeline.flatMap(({ transactions }) =>
    transactions.flatMap(({ operation }) =>
      operation.type === 'set_batch_size' ? [operation.batchSize] : [],
    ),
  );
  const parsed = parseConfig({});
  assert(parsed.ok, 'the default configuration is valid');
  const { node, p2p, api, storage, log } = parsed.value.config;
  const { chain, validators, settlement, settlementChain, ledger } = config;
  return {
    ...config,
    chain: { ...chain, genesisMs: undefined },
    atomicBatches: { ...config.atomicBatches, proofGenesisMs: proofGenesisMsOf(config) },
    validators: validators.map(({ name, stake }) => ({ name, stake })),
    settlement: {
      ...settlement,
      operatorKeys: [],
      // A scenario holds its own orders to these limits; the ledger does not.
      batchSizeMin: Math.min(settlement.batchSizeMin, ...sizes),
      batchSizeMax: Math.max(settlement.batchSizeMax, ...sizes),
    },
    settlementChain: { ...settlementChain, urls: [], seed: undefined },
    ledger: { ...ledger, accounts: [], poolCash: {}, oracleKey: undefined, treasuryKeepers },
    node,
    p2p,
    api,
    storage,
    log,
  };
}

function accountsOf(genesis: Genesis, labels: AccountLabels): ScenarioAccount[] {
  return genesis.accounts.map(({ address, balances, deposits, debts }) => ({
    label: labels.of(address),
    balances,
    deposits,
    debts,
  }));
}

/** A run in which every duty was fulfilled at once is repeated attempt by attempt; of any other only the batches are. */
function expectationsOf(batches: readonly ShownBatch[]): Expectation[] {
  const isSmooth = batches.every(isSettledAtOnce);
  return batches.map((batch) => {
    const body: ExpectationBody = { type: 'batch', facts: factsOf(batch, isSmooth) };
    return { ...body, text: describeExpectation(body), line: 0 };
  });
}

function isSettledAtOnce({ attempts }: ShownBatch): boolean {
  const [only] = attempts;
  return attempts.length === 1 && (only?.outcome === undefined || only.outcome === 'confirmed');
}

function factsOf(batch: ShownBatch, isSmooth: boolean): BatchFacts {
  return {
    batch: batch.seq,
    fromHeight: batch.from_height,
    toHeight: batch.to_height,
    net: amountsOf(batch.net),
    borrowed: amountsOf(batch.borrowed),
    repaid: amountsOf(batch.repaid),
    actions: batch.actions.map(({ type, asset, amount }) => ({ type, asset, amount: BigInt(amount) })),
    ...(batch.liquidations === 0 ? {} : { liquidations: batch.liquidations }),
    // What was still on its way when it was recorded arrives while the scenario runs.
    ...(batch.state === 'confirmed' ? { state: batch.state } : {}),
    ...(batch.state === 'confirmed' && isSmooth ? { attempts: 1 } : {}),
  };
}

function amountsOf(amounts: Readonly<Record<string, string>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(amounts).map(([asset, amount]) => [asset, BigInt(amount)]));
}

function commentsOf(told: {
  readonly chain: ChainRecord;
  readonly labels: AccountLabels;
  readonly leftOut: number;
  readonly last: number;
  readonly config: Config;
}): string[] {
  const { chain, labels, leftOut, last, config } = told;
  const { blocks, batches } = chain;
  const evidenceCount = blocks.reduce((sum, block) => sum + block.evidenceCount, 0);
  const first = batches[0]?.seq ?? 1;
  const sealedTo = batches.at(-1)?.to_height ?? 0;
  const pending = batches.filter(({ state }) => state !== 'confirmed').length;
  const rough = batches.filter((batch) => !isSettledAtOnce(batch)).map(({ seq }) => seq);
  const names = labels.entries().filter(([, label]) => label !== 'oracle');
  const lines = [
    `Made by \`sidereal record\` of the network ${config.chain.id}: blocks 1 to ${last}, ${batches.length} batches.`,
    'Running it gives the same batches: range, net, borrowed, repaid, actions. Accounts are labels with keys of their own',
    'here, so state roots differ. Faults of the network are not known to its chain and not repeated.',
  ];
  if (first > 1) lines.push(`Batches before ${first} were no longer kept: they come out again, unchecked.`);
  if (pending > 0)
    lines.push(
      `${pending} of the batches waited for settlement when this was made: their state is not expected.`,
    );
  if (sealedTo < last)
    lines.push(
      `Blocks ${sealedTo + 1} to ${last} were in no batch yet; what they hold is sealed when the run goes on.`,
    );
  if (rough.length > 0) {
    lines.push(
      `Batches ${rough.slice(0, 20).join(', ')} took more than one attempt; attempts are not expected here.`,
    );
  }
  if (evidenceCount > 0)
    lines.push(`${evidenceCount} proofs of equivocation stood in the blocks: nobody equivocates here.`);
  if (leftOut > 0)
    lines.push(`${leftOut} transactions are left out: the ledger refused them for what they are.`);
  lines.push(
    'Accounts:',
    ...names.slice(0, LABELS_TOLD_MAX).map(([address, label]) => `  ${label} was ${address}`),
  );
  if (names.length > LABELS_TOLD_MAX) lines.push(`  and ${names.length - LABELS_TOLD_MAX} more`);
  return lines;
}
