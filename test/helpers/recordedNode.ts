/**
 * A real core behind a real recorder, fed with what a node took in during a simulated run: a process life for each of the
 * node's in the run, so that logs of real nodes can be had without sockets and clocks.
 */
import { concatBytes } from '../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { NodeCore } from '../../node/core/nodeCore.ts';
import type { NodeOptions } from '../../node/core/ports.ts';
import { readInputLog, rootsOf } from '../../node/replay/inputLog.ts';
import {
  NodeRecorder,
  type NodeRecorderOptions,
  type RecordingEnded,
} from '../../node/replay/nodeRecorder.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { nodeOptionsOf } from '../../node/scenario/nodeOptions.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { scenarioOf } from './runScenario.ts';

/** Node 1 crashes and comes back on its disk. */
export const RECORDED_SCENARIO = `
name: recorded
duration: 40s
config: { settlement: { batch_size: 2 }, simulation: { crypto: cached } }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 8s }, crash: { node: node-1, lose: unsynced }, for: 6s }
`;

export interface RecordedNode {
  readonly options: NodeOptions;
  readonly secretKey: Uint8Array;
  /** What the cores reported, by height. */
  readonly roots: ReadonlyMap<number, string>;
  readonly ended: readonly RecordingEnded[];
}

export type RecordOptions = Omit<NodeRecorderOptions, 'node' | 'onEnded'> & {
  /** False: the last process is killed, so its log has no end. */
  readonly isStopped?: boolean;
};

export async function recordNode(node: number, options: RecordOptions): Promise<RecordedNode> {
  const scenario = scenarioOf(RECORDED_SCENARIO);
  const pieces: Uint8Array[] = [];
  runSimulation(scenario, { inputs: { write: (piece) => pieces.push(piece) } });
  const { genesis, validators } = createGenesis(scenario);
  const crypto = createCrypto('full');
  const secretKey = validators[node]?.secretKey ?? new Uint8Array(32);
  const nodeOptions = nodeOptionsOf(scenario.config, genesis, node);
  const roots = new Map<number, string>();
  const ended: RecordingEnded[] = [];
  const recorders: NodeRecorder[] = [];
  let life = 0;
  let core: Pick<NodeCore, 'handle' | 'status'> | undefined;
  for (const recorded of readInputLog(concatBytes(...pieces)).inputs) {
    if (recorded.node !== node) continue;
    if (recorded.life !== life) {
      recorders.at(-1)?.close();
      life = recorded.life;
      const onEnded = (reason: RecordingEnded) => ended.push(reason);
      const recorder = new NodeRecorder({ ...options, node: nodeOptions, onEnded });
      recorders.push(recorder);
      const signer = recorder.signer(crypto.createSigner(secretKey));
      const whole = { crypto, signer, executions: undefined, messages: undefined, observer: undefined };
      core = recorder.around(new NodeCore(nodeOptions, whole));
    }
    for (const { height, stateRoot } of rootsOf(core?.handle(recorded.input) ?? []))
      roots.set(height, stateRoot);
  }
  // A killed process has written what it held when its last turn ended.
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (options.isStopped !== false) recorders.at(-1)?.close();
  return { options: nodeOptions, secretKey, roots, ended };
}
