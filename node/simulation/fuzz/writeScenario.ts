/**
 * A scenario as the YAML that `sidereal run` takes: what the fuzzer found, cut down, as a file one can keep. Reading it
 * gives the same scenario again, but for what belongs to the machine of a node, which no run reads and may be secret.
 * Scenarios that replay a trace have no such text: their rows are in a file of their own.
 */
import { Document, isCollection, isPair } from 'yaml';
import { assert } from '../../../consensus/primitives/codedError.ts';
import { proofToJson } from '../../../settlement/atomic/proofs/proofJson.ts';
import { type Plain, snakeCased, texts } from '../../config/plainConfig.ts';
import { reportedConfigOf } from '../../config/reportedConfig.ts';
import { plainModelOf } from '../../scenario/model/plainModel.ts';
import { ORACLE_ACCOUNT } from '../../scenario/transactions.ts';
import type {
  Anchor,
  BatchFacts,
  Condition,
  Expectation,
  Fault,
  Scenario,
  ScenarioSettlement,
  ScenarioTransaction,
  TimelineEvent,
} from '../../scenario/types.ts';

/** @param comments - Lines that stand above the scenario. */
export function writeScenario(scenario: Scenario, comments: readonly string[] = []): string {
  const { network, accounts, poolCash } = scenario;
  const document: Plain = {
    name: scenario.name,
    seed: scenario.seed,
    duration: `${scenario.durationMs}ms`,
    config: reportedConfigOf(scenario.config),
    network: snakeCased(network),
    ...(scenario.allowUnsafe ? { allow_unsafe: true } : {}),
    ...(scenario.autoFund ? {} : { auto_fund: false, accounts: accountsOf(accounts), pool_cash: poolCash }),
    ...workloadOf(scenario),
    timeline: scenario.timeline.map(eventOf),
    expect: scenario.expectations.map(expectationOf),
  };
  return [...comments.map((line) => `# ${line}`), render(texts(document))].join('\n');
}

/** A line for each account, event and expectation, as one would write them by hand. */
function render(document: unknown): string {
  const written = new Document(document);
  for (const key of ['accounts', 'timeline', 'expect']) {
    const list = written.get(key);
    if (!isCollection(list)) continue;
    for (const item of list.items) {
      const value = isPair(item) ? item.value : item;
      if (isCollection(value)) value.flow = true;
    }
  }
  return written.toString({ lineWidth: 0 });
}

function workloadOf({ workload }: Scenario): Plain {
  assert(workload.type !== 'explicit', 'the rows of a trace stand in a file of their own');
  if (workload.type === 'none') return {};
  if (workload.type === 'model') return { workload: { model: plainModelOf(workload.model) } };
  return { workload: { uniform: { transactions_per_block: workload.transactionsPerBlock } } };
}

function accountsOf(accounts: Scenario['accounts']): Plain {
  return Object.fromEntries((accounts ?? []).map(({ label, ...holdings }) => [label, holdings]));
}

function eventOf({ at, forMs, transactions, inputsTo, faults }: TimelineEvent): Plain {
  const written: Record<string, unknown> = { at: anchorOf(at) };
  for (const fault of faults) {
    const [key, value] = faultOf(fault);
    const known = written[key];
    // Several faults of the settlement chain share one map.
    written[key] = typeof known === 'object' ? { ...known, ...(value as Plain) } : value;
  }
  const [only] = transactions;
  if (only !== undefined && transactions.length === 1) Object.assign(written, transactionOf(only));
  else if (only !== undefined) written.transactions = transactions.map(transactionOf);
  if (inputsTo !== undefined) written.inputs_to = inputsTo;
  if (forMs !== undefined) written.for = `${forMs}ms`;
  return written;
}

function transactionOf({ account, operation: { type, ...fields } }: ScenarioTransaction): Plain {
  // The oracle alone sends these, so nobody may be named.
  const isOracle = account === ORACLE_ACCOUNT && (type === 'price' || type === 'liquidate');
  return { ...(account === undefined || isOracle ? {} : { account }), [type]: operandOf(type, fields) };
}

function operandOf(type: string, fields: Plain): unknown {
  if (type === 'settle_now') return true;
  if (type === 'set_batch_size') return fields.batchSize;
  if (type === 'atomic_batch') return snakeCased({ ...fields, requests: requestsOf(fields) });
  const { validator, ...others } = fields;
  return snakeCased(validator === undefined ? fields : { node: validator, ...others });
}

/** Proofs that were made elsewhere are written as bytes. */
function requestsOf({ requests }: Plain): readonly unknown[] {
  return (requests as readonly ScenarioSettlement[]).map(({ proof, ...others }) => ({
    ...others,
    proof: proof?.kind === 'made' ? proofToJson(proof.proof) : proof,
  }));
}

function anchorOf(anchor: Anchor): Plain {
  if ('timeMs' in anchor) return { time: `${anchor.timeMs}ms` };
  return snakeCased(anchor) as Plain;
}

/** The key of a fault and what stands behind it. */
export function faultOf(fault: Fault): readonly [string, unknown] {
  switch (fault.type) {
    case 'partition':
      return [fault.type, fault.groups];
    case 'isolate':
      return [fault.type, fault.node];
    case 'loss':
    case 'duplicate':
    case 'reorder':
      return fault.nodes === undefined
        ? [fault.type, fault.probability]
        : [fault.type, { p: fault.probability, nodes: fault.nodes }];
    case 'settlement_chain':
      return [fault.type, { [fault.kind]: chainOperandOf(fault) }];
    default: {
      const { type, ...fields } = fault;
      return [type, snakeCased(fields)];
    }
  }
}

function chainOperandOf(fault: Extract<Fault, { type: 'settlement_chain' }>): unknown {
  switch (fault.kind) {
    case 'stall':
    case 'full':
    case 'transfer_timeout':
      return true;
    case 'censor':
      return fault.node;
    case 'lose_receipts':
    case 'rpc_errors':
    case 'rpc_timeouts':
    case 'duplicate_delivery':
      return fault.probability;
    default: {
      const { type: _, kind: __, ...fields } = fault;
      return snakeCased(fields);
    }
  }
}

function expectationOf(expectation: Expectation): Plain {
  if (expectation.type === 'batch') return factsOf(expectation.facts);
  assert(expectation.type !== 'within', 'an expectation of type within is written by hand');
  return { [expectation.type]: conditionOf(expectation.condition) };
}

function factsOf({ includedAtMs, confirmedByMs, ...facts }: BatchFacts): Plain {
  return {
    batch: facts.batch,
    from_height: facts.fromHeight,
    to_height: facts.toHeight,
    net: facts.net,
    borrowed: facts.borrowed,
    repaid: facts.repaid,
    liquidations: facts.liquidations,
    action: facts.action,
    actions: facts.actions,
    state: facts.state,
    proposer: facts.proposer,
    attempts: facts.attempts,
    settlement_height: facts.settlementHeight,
    included_at: includedAtMs === undefined ? undefined : `${includedAtMs}ms`,
    confirmed_by: confirmedByMs === undefined ? undefined : `${confirmedByMs}ms`,
  };
}

function conditionOf(condition: Condition): Plain {
  switch (condition.type) {
    case 'converged':
      return { converged: condition.value };
    case 'height_at_least':
      return { height_at_least: condition.height };
    case 'pending_batches':
    case 'confirmed_batches':
      return { [condition.type]: { [condition.comparison]: condition.count } };
    default:
      throw new RangeError(`a condition on ${condition.type} is written by hand`);
  }
}
