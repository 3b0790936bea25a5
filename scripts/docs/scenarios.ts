/**
 * Tables of docs/scenarios.md. Keys come from the JSON Schema of scenarios, what is refused comes from asking the
 * loader itself, and the words come from here.
 */
import type { Problem } from '../../node/config/problem.ts';
import { metricNames } from '../../node/scenario/expectationReader.ts';
import { scenarioJsonSchema } from '../../node/scenario/jsonSchema.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { asSentence, checkMeanings, code, type Parts, renderTable } from './markdown.ts';

type Words = Readonly<Record<string, string>>;
type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
};

const rootWords: Words = {
  name: 'Name of the run, 1 to 200 characters; default: the file’s name without `.yaml`',
  seed: 'Integer from 0; default 1. Keys, delays, losses and generated workloads follow from it',
  duration:
    'How long the run lasts; every event at or before the end happens. Default: the end of the timeline and workload, and 30 s more',
  blocks:
    'The same as a number of blocks, up to the instant before the next one is due; not beside `duration`',
  config: 'Any keys of [the configuration](configuration.md), in the same structure',
  network: 'The model of every link, see [network](#network)',
  timeline: 'List of events, see [timeline](#timeline)',
  workload: 'Transactions besides the timeline, see [workload](#workload)',
  auto_fund:
    'Whether genesis gives what the scenario’s own transactions need; default `true`, see [funding](#funding)',
  accounts:
    'With `auto_fund: false`: map of account to `{ balances, deposits, debts }`, each a map of asset to amount',
  pool_cash: 'With `auto_fund: false`: map of asset to pool cash beyond what deposits bring and debts take',
  allow_unsafe:
    'Allows dishonest nodes of a third of the power or more, with which the laws may break; default `false`',
  expect: 'List of expectations, see [expectations](#expectations)',
};

const networkWords: Words = {
  latency_ms: 'Mean delay of a delivery; default 50, at most one hour',
  jitter_ms:
    'Each delivery takes from latency - jitter to latency + jitter ms, drawn evenly, never below 1; default 10',
  loss: 'Probability from 0 to 1 that a delivery is lost; default 0',
  duplicate: 'Probability that a delivery comes twice; default 0',
  reorder: 'Probability that a delivery is held back behind later ones; default 0',
  bandwidth_mbps: 'Megabits per second of each link; what is sent over it queues. Default 100',
};

const transactionWords: Words = {
  borrow: '`{ asset, amount, account }`: takes from the pool, against collateral',
  repay: '`{ asset, amount, account }`: gives back',
  deposit: '`{ asset, amount, account }`: from the account into the pool',
  withdraw: '`{ asset, amount, account }`: back out of it',
  transfer: '`{ to, asset, amount, account }`: between accounts',
  liquidate:
    '`{ borrower, debt_asset, amount, collateral_asset, account }`: repays a part of an unhealthy position and takes over collateral. With `collateral_amount` exactly that much moves and the oracle sends it',
  price: '`{ asset, price }`: the oracle sets the price of one whole unit, in 10^-8 USD',
  unjail: 'A node, or `{ node }`: the jailed validator asks for its release',
  settle_now: '`true`: the operator ends the window at this block',
  set_batch_size: 'The operator sets N from the next window on, within `batch_size_min` and `batch_size_max`',
  atomic_batch:
    '`{ id, requests, signers, expires_after_blocks, account }`: payments of many parties, all or nothing, see [atomic batches](#atomic-batches)',
  escrow_open:
    '`{ id, asset, amount, parties, threshold, expires_after_blocks, account }`: the account pays into an escrow, see [atomic batches](#atomic-batches)',
  escrow_refund: '`{ id, account }`: what an escrow still holds after its last height goes back to its payer',
  channel_open:
    '`{ id, to, asset, amount, expires_after_blocks, account }`: the account locks an amount for a payee, see [channels](#channels)',
  channel_close: '`{ id, amount, signers, account }`: payer and payee close a channel at once',
  channel_unilateral_close:
    '`{ id, voucher, account }`: one side begins to close, with `voucher: { payer, amount, nonce }` or without one',
  channel_dispute: '`{ id, voucher, account }`: shows a better voucher within the dispute window',
  channel_settle: '`{ id, account }`: ends a channel whose dispute window, or last height, has passed',
  treasury_propose:
    '`{ id, asset, amount, to, expires_after_blocks, account }`: a keeper proposes a withdrawal, see [treasury and network fee](#treasury-and-network-fee)',
  treasury_approve: '`{ id, asset, amount, to, account }`: another keeper approves it, word for word',
  fee_propose:
    '`{ node, id, network_fee_bps }`: a validator proposes a network fee, see [treasury and network fee](#treasury-and-network-fee)',
  fee_vote: '`{ node, id, network_fee_bps, vote }`: a validator votes `yes` or `no` on it',
  cross_chain_send:
    '`{ id, to, asset, amount, timeout_blocks, account }`: pays an account of the settlement chain, see [transfers between the chains](#transfers-between-the-chains)',
};

const eventWords: Words = {
  at: 'When: an anchor, see [anchors](#anchors). Required',
  for: 'How long the faults of this event last; default: to the end of the run',
  account: 'Sender of the transactions of this event that name none; default: the account `scenario`',
  cross_chain_deposit:
    '`{ to, asset, amount, timeout_blocks, account }`: an account of the settlement chain pays one of the sidechain, see [transfers between the chains](#transfers-between-the-chains)',
  post_input:
    '`{ borrow, repay, deposit, withdraw, transfer, liquidate, account, send }`: users post these on the settlement chain, signed as inputs, and the sidechain executes them when a header names the block that holds them. With `send: true` nodes get the same inputs at once; they are executed once',
  transactions: 'List of maps with the keys of [transactions](#transactions)',
  inputs_to:
    'List of nodes: users hand the transactions of this event to each of them as signed inputs, which need no nonce and are executed once; not beside an anchor to a block',
  partition:
    'List of groups of nodes: groups do not hear each other. Nodes not named form one more group. The settlement chain stays in reach',
  one_way:
    '`{ from, to }`, two lists of nodes: messages from the first to the second are lost, those back arrive',
  isolate: 'A node that is cut off from all nodes and from the settlement chain',
  latency:
    '`{ ms, jitter_ms, nodes }`: deliveries take this long instead; `jitter_ms` is 10 by default. `nodes`: only links that touch one of them; default: all links',
  loss: 'Probability that a delivery is lost, or `{ p, nodes }` for the links that touch one of these nodes',
  duplicate: 'Probability that a delivery comes twice; `p` and `nodes` as above',
  reorder: 'Probability that a delivery is held back behind later ones; `p` and `nodes` as above',
  bandwidth: '`{ mbps, nodes }`: what is sent over a link queues behind what is on its way',
  crash:
    '`{ node, lose }`: the process stops. `lose`: `unsynced` (default: writes not yet synced), `none`, or `all` (the disk). It restarts when `for` is over',
  restart: '`{ node }`: an instant; ends every crash of the node',
  pause: '`{ node }`: stops running and loses nothing, as a process that gets no time',
  clock_skew: '`{ node, ms }`: the clock of the node is ahead by `ms`, or behind where that is below zero',
  clock_step: '`{ node, ms }`: an instant; the clock jumps by `ms` and goes on from there',
  disk: '`{ node, fault }`: `lost`, `torn` or `corrupt` writes',
  withhold_settlement: '`{ node }`: the node holds its duties and hands in no settlement transaction',
  withhold_votes: '`{ node }`: sends no votes but those in its own proposals',
  withhold_gossip: '`{ node }`: sends nothing to its peers and answers none of them',
  equivocate: '`{ node }`: signs two things where honest nodes sign one, and sends them to different peers',
  forge_completion: '`{ node }`: gossips settlements that did not happen',
  lie_about_net:
    '`{ node }`: settles another net, range, price or proof than the chain sealed, and proposes blocks with another commitment or state',
  garbage: '`{ node }`: sends bytes without meaning',
  twin: '`{ node }`: two processes with one key',
  settlement_chain: 'Map of the faults of the settlement chain, below',
};

const settlementFaultWords: Words = {
  stall: '`true`: makes no blocks; the next one comes one interval after the fault',
  full: '`true`: others fill every block; no settlement gets in and the base fee rises',
  slow: '`{ factor }`: blocks take so many times as long',
  censor: 'A node whose transactions are left out',
  reorg:
    '`{ depth }`: an instant; the newest blocks are replaced, their transactions return to the mempool. Deeper than `settlement.origin_confirmations` only beside an expectation on `halted`',
  lose_receipts: 'Probability that the chain takes a transaction and the answer is lost',
  rpc_errors: 'Probability that a call of a node to the chain fails',
  rpc_timeouts: 'Probability that a call gets no answer',
  duplicate_delivery: 'Probability that a block reaches a node twice',
  slippage: '`{ asset, bps }`: the price of the asset moves by so many basis points against the buyer',
  base_fee: '`{ factor }`: multiplies the base fee once, when it starts; the fee market goes on from there',
  transfer_timeout: '`true`: a settlement with a transfer reverts whole',
};

const workloadWords: Words = {
  trace:
    'Path of a CSV file, relative to the scenario; beside it `blocks` or `time_scale`; with neither, rows keep their own pace (`time_scale: 1`)',
  blocks: 'Spreads the rows of the trace by rank: row i of R (from 0) into block 1 + floor(i * blocks / R)',
  time_scale:
    'Places rows by time: row time T into the first block whose fault-free timestamp is at or after (T - T0) * time_scale seconds',
  uniform:
    '`{ transactions_per_block }`: eight accounts borrow and repay up to 1000 smallest units of the first three assets of the ledger, drawn from the seed',
  model: 'Borrowings and repayments drawn from the seed, see [workload models](#workload-models)',
};

const modelWords: Words = {
  accounts: 'How many accounts act, `user-0`, `user-1`, …; 1 to 10,000, default 20',
  arrivals: 'How often, below. Required',
  repay_share: 'Share of repayments among the transactions, 0 to 1; default 0.45. Assets may differ',
  persistence:
    'Correlation of the directions of one transaction of an asset and the next, -1 to 1; default 0. Above 0 borrowings come together and nets grow; below 0 they alternate and cancel out. Assets may differ',
  assets:
    'Map of asset to its keys, below; an asset that the ledger does not have is registered. Default: the first three of the ledger, in equal parts',
};

const modelArrivalWords: Words = {
  transactions_per_block: 'Long-run mean of transactions a block, 0 to 100,000',
  transactions_per_hour: 'The same for an hour of time on this chain, whatever its block time; one of both',
  bursts:
    '`{ factor, quiet, busy }`: two states take turns, each for a time that is exponentially distributed with mean `quiet` or `busy` (durations of at least a hundredth of a block); in the busy one arrivals come `factor` times as often, 1 to 10,000',
  daily:
    '`{ swing, peak, period }`: the rate follows a cosine with amplitude `swing`, 0 to 1, around its mean; `period` 24h by default, the highest rate `peak` after genesis, half a period by default',
};

const modelAssetWords: Words = {
  weight: 'Its part of all transactions is its weight over the sum of weights; 0 to 1,000,000, default 1',
  amount:
    'How much moves at once, below; default: log-normal with a median of one whole unit and a sigma of 1.5',
  repay_share: 'For this asset alone',
  persistence: 'For this asset alone',
  opening_debt: 'What each account owes at genesis, smallest units; default: half of `debt_max`',
  debt_max:
    'The most an account ever owes, smallest units; default: 1000 times the largest amount. Its collateral covers it',
};

const modelAmountWords: Words = {
  constant: 'Always this many smallest units',
  uniform: '`{ min, max }`: every whole number between, both included, equally often',
  log_normal:
    '`{ median, sigma, min, max }`: the logarithm is normal with deviation `sigma`, 0.001 to 8; `min` 1 and `max` 1000 times the median by default',
  quantiles:
    'List of 2 to 1001 ascending amounts: the share of amounts below rises by equal steps from one to the next, the logarithm evenly between them. Any shape there is',
  pareto:
    '`{ min, alpha, max }`: the share above x falls as x to the power -`alpha`, 0.1 to 50; `max` 1000 times `min` by default',
};

const factWords: Words = {
  batch: 'Number of the batch; required. All facts beside it must hold when the run ends',
  from_height: 'First block',
  to_height: 'Last block',
  net: 'Map of asset to signed amount; exactly these assets, zero aside',
  borrowed: 'Map of asset to amount',
  repaid: 'Map of asset to amount',
  action: 'Some action is of this type: `swap`, `draw` or `ibc_transfer`',
  actions: 'List of `{ type, asset, amount }`, all of them in order; `amount` may be left out',
  state: '`sealed`, `submitted`, `included`, `confirmed`, `reverted` or `missed`',
  proposer: 'Holder of the last attempt',
  attempts: 'How many attempts there were',
  settlement_height: 'Settlement block that settled it',
  included_at: 'Timestamp of that block',
  confirmed_by: 'Latest virtual time at which the first node has finalised the block that confirms it',
  liquidations: 'Liquidations in the batch',
};

const conditionWords: Words = {
  converged:
    '`true`: no two nodes ever disagreed, and no running node is more than two final blocks behind the first. A node that is down or paused does not run; one that comes back counts from then on, before it has caught up. Nor does one count that ever lied',
  height_at_least: 'Some node has finalised this height',
  pending_batches: 'Bound on batches that are sealed and unconfirmed',
  confirmed_batches: 'Bound on confirmed batches',
  open_transfers: 'Bound on transfers between the chains that have yet to end on one side or both',
  completed_transfers: 'Bound on transfers between the chains that completed on both sides',
  refunded_transfers: 'Bound on transfers between the chains that were refunded on both sides',
  slashed: 'How often somebody was slashed: a node, `anybody`, a bound over all, or `{ node, count: bound }`',
  jailed: 'The same for jailings',
  missed: 'The same for missed duties',
  halted:
    '`true`: some node votes no more because the settlement chain took back a block that this chain is built on; `false`: none does; or a node',
  balance:
    '`{ account, asset }` and a bound: what an account has, deposits and debts aside. Also of a validator, by its name',
  escrow:
    '`{ id }` and a bound: what an escrow holds; 0 once it is used up, refunded, or before it is opened',
  channel: '`{ id }` and a bound: what a channel locks; 0 once it is closed, or before it is opened',
  atomic_batch:
    '`{ id, status, error, failed_at }`: an atomic batch is `completed`, or `failed`, with this code and at this request, counted from 0, where they are given',
  receipt: '`{ id, gross, net, fee }`: a settlement has a receipt, with these amounts where they are given',
  treasury: '`{ asset }` and a bound: what the treasury of the network has',
  gathered_fees: '`{ asset }` and a bound: network fees that wait for the next flush to the treasury',
  network_fee_bps: 'The network fee in force, in basis points',
  'metrics.<name>': `Bound on a metric of the result: ${metricNames.map(code).join(', ')}, or \`max_exposure.<asset>\``,
};

export function scenarioParts(): Parts {
  const root = scenarioJsonSchema() as Schema;
  const event = root.properties?.timeline?.items;
  const transactions = Object.keys(propertiesOf(event?.properties?.transactions?.items));
  const eventKeys = Object.keys(propertiesOf(event)).filter((key) => !(key in transactionWords));
  const model = root.properties?.workload?.properties?.model;
  const modelAsset = model?.properties?.assets?.additionalProperties as Schema | undefined;
  const expectations = root.properties?.expect?.items?.oneOf ?? [];
  const facts = expectations.find((one) => one.required?.length === 1 && one.required[0] === 'batch');
  const always = expectations.find((one) => one.required?.[0] === 'always');
  const conditions = Object.keys(propertiesOf(always?.properties?.always));
  return {
    root: renderKeys('root', Object.keys(propertiesOf(root)), rootWords, (key) => featureIn(`${key}: true`)),
    network: renderKeys('network', Object.keys(propertiesOf(root.properties?.network)), networkWords, (key) =>
      featureIn(`network: { ${key}: 1 }`),
    ),
    transactions: renderKeys(
      'transactions',
      [...transactions.filter((key) => key !== 'account'), 'atomic_batch'],
      transactionWords,
      (key) => featureIn(eventText(`${key}: {}`)),
    ),
    timeline: renderKeys('events', eventKeys, eventWords, (key) =>
      key === 'at' ? undefined : featureIn(eventText(`${key}: {}`)),
    ),
    'settlement-faults': renderKeys('settlement_chain', settlementFaultKeys(), settlementFaultWords, (key) =>
      featureIn(eventText(`settlement_chain: { ${key}: {} }`)),
    ),
    workload: renderKeys(
      'workload',
      Object.keys(propertiesOf(root.properties?.workload)),
      workloadWords,
      () => undefined,
    ),
    model: renderKeys('model', Object.keys(propertiesOf(model)), modelWords, () => undefined),
    'model-arrivals': renderKeys(
      'model arrivals',
      Object.keys(propertiesOf(model?.properties?.arrivals)),
      modelArrivalWords,
      () => undefined,
    ),
    'model-asset': renderKeys(
      'model assets',
      Object.keys(propertiesOf(modelAsset)),
      modelAssetWords,
      () => undefined,
    ),
    'model-amount': renderKeys(
      'model amounts',
      (modelAsset?.properties?.amount?.oneOf ?? []).flatMap((one) => Object.keys(propertiesOf(one))),
      modelAmountWords,
      () => undefined,
    ),
    facts: renderKeys('facts', Object.keys(propertiesOf(facts)), factWords, () => undefined),
    conditions: renderKeys(
      'conditions',
      [...conditions.filter((key) => !key.startsWith('metrics.')), 'metrics.<name>'],
      conditionWords,
      () => undefined,
    ),
  };
}

/** Rows in the order of the words; a key of a feature that is not there says so. */
function renderKeys(
  what: string,
  keys: Iterable<string>,
  words: Words,
  featureOf: (key: string) => string | undefined,
): string {
  checkMeanings(`scenario, ${what}`, keys, Object.keys(words));
  const rows = Object.entries(words).map(([key, meaning]) => {
    const feature = featureOf(key);
    return [
      code(key),
      feature === undefined ? asSentence(meaning) : `${asSentence(meaning)} *Not yet: needs ${feature}.*`,
    ];
  });
  return renderTable(['key', 'meaning'], rows);
}

function propertiesOf(schema: Schema | undefined): Readonly<Record<string, Schema>> {
  if (schema?.properties === undefined) throw new Error('the JSON Schema of scenarios has another shape');
  return schema.properties;
}

function problemsOf(scenario: string): readonly Problem[] {
  const parsed = parseScenario(scenario, 'docs.yaml');
  return parsed.ok ? [] : parsed.problems;
}

/** What the loader says is missing for a scenario, if it refuses it as not available yet. */
function featureIn(scenario: string): string | undefined {
  const problem = problemsOf(scenario).find(({ code: found }) => found === 'NOT_AVAILABLE_YET');
  return problem === undefined ? undefined : /needs (.+), which/.exec(problem.message)?.[1];
}

/** A scenario of one event. */
function eventText(rest: string): string {
  return `timeline: [{ at: { block: 1 }, ${rest} }]`;
}

/** The loader names them when it is given one that there is not. */
function settlementFaultKeys(): string[] {
  const hint = problemsOf(eventText('settlement_chain: { no_such_fault_at_all: 1 }'))
    .map((problem) => problem.hint ?? '')
    .find((text) => text.startsWith('known here: '));
  if (hint === undefined) throw new Error('the loader no longer names the faults of the settlement chain');
  return hint.slice('known here: '.length).split(', ');
}
