/** A network of bare cores in virtual time, as the `sidechain` targets of its nodes see it. */
import { SidechainAdapter } from '../../node/batcher/adapters/sidechainAdapter.ts';
import type { SidechainPort } from '../../node/batcher/adapters/sidechainPort.ts';
import { CoreNetwork, scenarioOf } from './coreNetwork.ts';
import { Signatory } from './signatory.ts';
import { signedInput, type TestInput } from './signedInputs.ts';

// Block 9 lies behind what tests look at: alice and bob are funded, mallory has next to nothing.
const accounts = `
name: sidechain target
duration: 60s
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 9 }, account: bob, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 9 }, account: alice, transfer: { to: mallory, asset: UM, amount: 1 } }
`;

export class CoreSidechain {
  readonly network: CoreNetwork;
  readonly keys: Signatory;
  readonly #listeners = new Map<number, Set<() => void>>();

  /** @param config - A line `config: …` of the scenario. */
  constructor(config = '') {
    this.network = new CoreNetwork(scenarioOf(`${accounts}${config}\n`), {
      scriptedTransactions: false,
      node: { archive: { outcomesMax: 1000, batchesMax: 10 } },
      onOutput: (node, output) => {
        if (output.type !== 'emit' || output.event.type !== 'block_finalized') return;
        for (const listener of this.#listeners?.get(node) ?? []) listener();
      },
    });
    this.keys = new Signatory(this.network.parts, this.network.crypto);
  }

  input(label: string, text: string, signedAtMs = Math.max(0, this.network.nowMs)): TestInput {
    return signedInput(this.network.genesis, this.keys.account(label), text, signedAtMs);
  }

  portOf(node: number): SidechainPort {
    return {
      submit: async (bytes) => {
        const { nowMs } = this.network;
        const input = { type: 'transactionSubmitted', nowMs, bytes, gossip: true } as const;
        const verdict = this.network.deliver(node, input).find((output) => output.type === 'verdict');
        return verdict ?? { verdict: 'ignore', code: 'NODE_STOPPED' };
      },
      reader: () => {
        const reader = this.network.nodes[node]?.core.reader();
        if (reader === undefined) throw new RangeError(`no node ${node}`);
        return reader;
      },
      onFinalized: (listener) => {
        const listeners = this.#listeners.get(node) ?? new Set();
        this.#listeners.set(node, listeners.add(listener));
        return () => listeners.delete(listener);
      },
    };
  }

  /** @param changes - What the node does otherwise. */
  adapterOf(node: number, changes: Partial<SidechainPort> = {}, wait = untilAborted): SidechainAdapter {
    return new SidechainAdapter(this.network.genesis, { port: { ...this.portOf(node), ...changes }, wait });
  }

  /** Time passes, and whoever waits gets to look now and then. */
  async run(untilMs: number): Promise<void> {
    while (this.network.nowMs < untilMs) {
      this.network.run(Math.min(untilMs, this.network.nowMs + 100));
      await settled();
    }
  }

  /** Transactions of a node's final blocks, in order; of a block that it told of twice, once. */
  executedAt(node: number): readonly { readonly id: string; readonly result: string }[] {
    const byHeight = new Map<number, readonly { readonly id: string; readonly result: string }[]>();
    for (const { node: from, output } of this.network.outputs) {
      if (from !== node || output.type !== 'emit' || output.event.type !== 'block_finalized') continue;
      const { height, transactions } = output.event;
      byHeight.set(
        height,
        transactions.map(({ transactionId: id, result }) => ({ id, result })),
      );
    }
    return [...byHeight.values()].flat();
  }
}

function untilAborted(_: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Whatever can go on without time passing has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
