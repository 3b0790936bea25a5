/**
 * Runs one node again from a log of inputs, alone, and says after each input what it did and which of its rows changed.
 * Nothing of the network takes part: same start, same inputs, same outputs.
 */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import {
  SIGNATURE_BYTES,
  type Signature,
  type Signer,
  type Verifier,
} from '../../consensus/primitives/signature.ts';
import { NodeCore } from '../core/nodeCore.ts';
import { describeRow } from '../core/store.ts';
import type { Output, RecoveredRow } from '../core/types.ts';
import { createGenesis } from '../scenario/genesis.ts';
import { createNodeFactory } from '../scenario/nodeFactory.ts';
import type { Scenario } from '../scenario/types.ts';
import {
  describeThrown,
  digestOf,
  type InputLog,
  type RecordedCore,
  type RecordedInput,
  type ReportedRoot,
  rootsOf,
} from './inputLog.ts';
import type { NodeLog } from './nodeLog.ts';

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
  /** Of blocks that became final here. */
  readonly roots: readonly ReportedRoot[];
  /** Where a process began: the height and root it found in its store. */
  readonly started: ReportedRoot | undefined;
  /** Outputs, signatures and roots are those of the recorded run, byte for byte. */
  readonly isAsRecorded: boolean;
}

/** Replays what one node took in, input by input. */
export function* replayNode(log: InputLog, node: ValidatorIndex): Generator<ReplayStep> {
  const createNode = createReplayFactory(log.scenario);
  yield* replayInputs(log.inputs, node, () => ({ core: createNode(node), signer: undefined }));
}

/** Replays one life of a real node, without its key: its signatures come from the log, and are checked. */
export function* replayLife(log: NodeLog, numbersFrom = 0): Generator<ReplayStep> {
  const { options } = log;
  const crypto = createCrypto('full');
  const create = (): Replayed => {
    const signer = new RecordedSigner(options.genesis.validators.at(options.self).publicKey, crypto);
    const core = new NodeCore(options, {
      crypto,
      signer,
      executions: undefined,
      messages: undefined,
      goodItems: undefined,
      observer: undefined,
    });
    return { core, signer };
  };
  yield* replayInputs(log.inputs, options.self, create, numbersFrom);
}

interface Replayed {
  readonly core: RecordedCore;
  /** Undefined: it has the key itself. */
  readonly signer: RecordedSigner | undefined;
}

function* replayInputs(
  inputs: Iterable<RecordedInput>,
  node: ValidatorIndex,
  create: () => Replayed,
  numbersFrom = 0,
): Generator<ReplayStep> {
  const lives = new Map<number, Replayed>();
  /** The node's store as its writes left it; a start brings the disk's own answer. */
  let rows = new Map<string, Uint8Array>();
  let number = numbersFrom;
  for (const recorded of inputs) {
    if (recorded.node !== node) continue;
    number += 1;
    const { input, life, witness } = recorded;
    if (input.type === 'started') {
      lives.set(life, create());
      rows = new Map(input.recovered.map(({ key, value }) => [key, value]));
    }
    const replayed = lives.get(life);
    if (replayed === undefined) throw new RangeError(`life ${life} of node ${node} has no start`);
    const { core, signer } = replayed;
    signer?.expect(witness?.signatures ?? []);
    let outputs: readonly Output[] = [];
    let thrown: string | undefined;
    try {
      outputs = core.handle(input);
    } catch (cause) {
      thrown = describeThrown(cause);
      lives.delete(life);
    }
    const digest = digestOf(thrown === undefined ? outputs : { thrown });
    const roots = rootsOf(outputs);
    const isAsRecorded =
      digest === recorded.digest &&
      (signer?.isSatisfied ?? true) &&
      (witness === undefined || isSameRoots(roots, witness.roots));
    const changes = applyWrites(rows, outputs);
    const started = input.type === 'started' && thrown === undefined ? rootReached(core) : undefined;
    yield { number, recorded, outputs, thrown, changes, roots, started, isAsRecorded };
  }
}

function rootReached(core: RecordedCore): ReportedRoot {
  const { finalizedHeight, stateRoot } = core.status();
  return { height: finalizedHeight, stateRoot };
}

function isSameRoots(one: readonly ReportedRoot[], other: readonly ReportedRoot[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ height, stateRoot }, index) => {
      const recorded = other[index];
      return recorded?.height === height && recorded.stateRoot === stateRoot;
    })
  );
}

/**
 * Hands out signatures that were made in the recorded life. Each must be good for what the core signs now: a core that
 * signs anything else than it did is found out, although nobody here could sign it.
 */
class RecordedSigner implements Signer {
  readonly publicKey: Signer['publicKey'];
  readonly #verifier: Verifier;
  #waiting: Signature[] = [];
  #isGood = true;

  constructor(publicKey: Signer['publicKey'], verifier: Verifier) {
    this.publicKey = publicKey;
    this.#verifier = verifier;
  }

  /** The signatures of the next input. */
  expect(signatures: readonly Signature[]): void {
    this.#waiting = [...signatures];
    this.#isGood = true;
  }

  /** The core signed what it had signed, all of it and nothing else. */
  get isSatisfied(): boolean {
    return this.#isGood && this.#waiting.length === 0;
  }

  sign(message: Uint8Array): Signature {
    const signature = this.#waiting.shift();
    if (signature !== undefined && this.#verifier.verify(this.publicKey, message, signature))
      return signature;
    this.#isGood = false;
    return new Uint8Array(SIGNATURE_BYTES);
  }
}

/** Nodes as they were, sharing nothing. Every key that signed in the run is known, so that modelled tags verify. */
function createReplayFactory(scenario: Scenario): (node: ValidatorIndex) => RecordedCore {
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
