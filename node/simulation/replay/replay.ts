/**
 * Runs one node again from a log of inputs, alone, and says after each input what it did and which of its rows changed.
 * Nothing of the network takes part: same start, same inputs, same outputs.
 */
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import type { ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import { describeRow } from '../../core/store.ts';
import type { Output, RecoveredRow } from '../../core/types.ts';
import { createGenesis } from '../../scenario/genesis.ts';
import type { Scenario } from '../../scenario/types.ts';
import { createNodeFactory } from '../machine/nodeFactory.ts';
import type { NodeProcess } from '../machine/nodeProcess.ts';
import { describeThrown, digestOf, type InputLog, type RecordedInput } from './inputLog.ts';

/** A row of the node's store before and after; undefined where there was or is none. */
export interface RowChange {
  /** `balances` of an account, a batch, a view: the row's place with its table's name. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface ReplayStep {
  /** Counts the inputs of this node, from 1. */
  readonly number: number;
  readonly recorded: RecordedInput;
  readonly outputs: readonly Output[];
  /** What the node threw in place of outputs: its process ended there. */
  readonly thrown: string | undefined;
  readonly changes: readonly RowChange[];
  /** The outputs are those of the recorded run, byte for byte. */
  readonly isAsRecorded: boolean;
}

/** Replays what one node took in, input by input. */
export function* replayNode(log: InputLog, node: ValidatorIndex): Generator<ReplayStep> {
  const createNode = createReplayFactory(log.scenario);
  const lives = new Map<number, NodeProcess>();
  /** The node's store as its writes left it; a start brings the disk's own answer. */
  let rows = new Map<string, Uint8Array>();
  let number = 0;
  for (const recorded of log.inputs) {
    if (recorded.node !== node) continue;
    number += 1;
    const { input, life } = recorded;
    if (input.type === 'started') {
      lives.set(life, createNode(node));
      rows = new Map(input.recovered.map(({ key, value }) => [key, value]));
    }
    const core = lives.get(life);
    if (core === undefined) throw new RangeError(`life ${life} of node ${node} has no start`);
    let outputs: readonly Output[] = [];
    let thrown: string | undefined;
    try {
      outputs = core.handle(input);
    } catch (cause) {
      thrown = describeThrown(cause);
      lives.delete(life);
    }
    const digest = digestOf(thrown === undefined ? outputs : { thrown });
    const changes = applyWrites(rows, outputs);
    yield { number, recorded, outputs, thrown, changes, isAsRecorded: digest === recorded.digest };
  }
}

/** Nodes as they were, sharing nothing. Every key that signed in the run is known, so that modelled tags verify. */
function createReplayFactory(scenario: Scenario): (node: ValidatorIndex) => NodeProcess {
  const crypto = createCrypto(scenario.config.simulation.crypto);
  const parts = createGenesis(scenario);
  for (const { secretKey } of parts.accounts.values()) crypto.createSigner(secretKey);
  if (parts.operator !== undefined) crypto.createSigner(parts.operator.secretKey);
  const signers = parts.validators.map(({ secretKey }) => crypto.createSigner(secretKey));
  const createNode = createNodeFactory(scenario, parts.genesis, crypto, {
    signerOf: (index) => {
      const signer = signers[index];
      if (signer === undefined) throw new RangeError(`no validator ${index}`);
      return signer;
    },
    executions: undefined,
    messages: undefined,
    goodItems: undefined,
  });
  return (node) => createNode(node, undefined);
}

/** Carries the writes of all outputs out. @returns What differs afterwards, by key. */
function applyWrites(rows: Map<string, Uint8Array>, outputs: readonly Output[]): RowChange[] {
  const before = new Map<string, Uint8Array | undefined>();
  for (const output of outputs) {
    if (output.type !== 'persist') continue;
    for (const { key, value } of output.writes) {
      if (!before.has(key)) before.set(key, rows.get(key));
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
  }
  const changes: RowChange[] = [];
  for (const key of [...before.keys()].sort()) {
    const old = describe(key, before.get(key));
    const now = describe(key, rows.get(key));
    if (old === undefined && now === undefined) continue;
    changes.push({ name: now?.name ?? old?.name ?? key, before: old?.value, after: now?.value });
  }
  return changes;
}

function describe(key: string, value: Uint8Array | undefined): ReturnType<typeof describeRow> | undefined {
  const row: RecoveredRow | undefined = value === undefined ? undefined : { key, value };
  return row === undefined ? undefined : describeRow(row);
}
