/**
 * The requests and answers of docs/atomic-batches.md, from the shipped scenarios: what is sent is what the scenario's
 * accounts sign there, and the answer is what a node would give after the scenario has run.
 */
import { toHex } from '../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { endedBatchAnswer } from '../../node/api/atomicBatchRoutes.ts';
import { scenarioIdOf } from '../../node/scenario/atomicBatch.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import { TransactionFeed } from '../../node/scenario/timeline.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { batchRecordsTable } from '../../settlement/atomic/tables.ts';
import { createGenesisState } from '../../settlement/execution/genesisState.ts';
import { type EncodedTransaction, signAndEncodeTransaction } from '../../settlement/execution/transaction.ts';
import { Layer, State } from '../../settlement/state.ts';
import { atomicBatchJson } from '../../test/helpers/atomicBatchJson.ts';
import type { Parts } from './markdown.ts';

/** Parts of the document: the scenario, and the batches of it that are shown. */
export const atomicUses = {
  'marketplace-escrow': ['release', 'too-much'],
  'multi-model-inference': ['ensemble'],
  'epoch-rewards': ['epoch-1', 'epoch-2'],
  'agent-swarm': ['task-42'],
} as const;

export function atomicBatchParts(): Parts {
  const parts: Record<string, string> = {};
  for (const [use, [shown, failed]] of Object.entries(atomicUses)) {
    const scenario = scenarioOfUse(use);
    const state = stateAfter(scenario);
    const request = atomicBatchJson(signedIn(scenario, 'atomic_batch', scenarioIdOf('batch', shown)).bytes);
    parts[use] = [
      '`POST /atomic-batches`:',
      fence(request),
      `\`GET /atomic-batches/${request.batch_id}\`, once it has ended:`,
      fence(answerOf(state, shown)),
    ].join('\n\n');
    if (failed !== undefined) parts[`${use}-failed`] = fence(answerOf(state, failed));
  }
  const scenario = readScenario('scripts/scenarios/cross-chain-settlement.yaml');
  const { bytes } = signedIn(scenario, 'cross_chain_send');
  parts['cross-chain-settlement'] = `\`POST /transactions\`:\n\n${fence({ transaction: toHex(bytes) })}`;
  return parts;
}

export function scenarioOfUse(use: string): Scenario {
  return readScenario(`scripts/scenarios/atomic-${use}.yaml`);
}

function readScenario(file: string): Scenario {
  const loaded = loadScenario(file);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.value.scenario;
}

/** The first transaction of that type, for any height: what a user would send. */
function signedIn(
  scenario: Scenario,
  type: 'atomic_batch' | 'cross_chain_send',
  batchId?: string,
): EncodedTransaction {
  const parts = createGenesis(scenario);
  const crypto = createCrypto('full');
  const feed = new TransactionFeed(scenario, parts, crypto);
  for (let height = 1; height * scenario.config.chain.blockTimeMs <= scenario.durationMs; height += 1) {
    for (const { sender, cosigners, nonce, body } of feed.prepareBlock(height)) {
      if (body.type !== type) continue;
      if (body.type === 'atomic_batch' && body.batch.batchId !== batchId) continue;
      const { chainId } = parts.genesis;
      const unsigned = { chainId, from: sender.address, nonce, expiresAtHeight: 0, onlyAtHeight: 0, body };
      const signers = cosigners.map(({ secretKey }) => crypto.createSigner(secretKey));
      return signAndEncodeTransaction(unsigned, crypto.createSigner(sender.secretKey), signers);
    }
  }
  throw new Error(`no ${type} ${batchId ?? ''} in ${scenario.name}`);
}

/** The rows that the run leaves behind. */
function stateAfter(scenario: Scenario): State {
  const rows = new Layer();
  rows.absorb(createGenesisState(createGenesis(scenario).genesis).base);
  const nothing = (): void => undefined;
  const result = runSimulation(scenario, {
    probe: {
      finalized: (_, { layer }) => rows.absorb(layer),
      settlementBlock: nothing,
      settlementReorganised: nothing,
      submitted: nothing,
    },
  });
  if (!result.ok) throw new Error(`${scenario.name} does not hold`);
  return new State([rows]);
}

function answerOf(state: State, name: string): unknown {
  const id = scenarioIdOf('batch', name);
  const record = state.get(batchRecordsTable, id);
  if (record === undefined) throw new Error(`${name} was not executed`);
  return endedBatchAnswer(state, id, record);
}

function fence(json: unknown): string {
  return `\`\`\`json\n${JSON.stringify(json, undefined, 2)}\n\`\`\``;
}
