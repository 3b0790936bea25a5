import { describe, expect, it } from 'vitest';
import { ValidatorSet } from '../../../../../consensus/validators.ts';
import type { DevnetControl } from '../../../../../node/devnet/engine/control.ts';
import { EngineFaults } from '../../../../../node/devnet/engine/engineFaults.ts';
import { EngineNode } from '../../../../../node/devnet/engine/engineNode.ts';
import { LinkState } from '../../../../../node/devnet/engine/linkState.ts';
import type { Laws } from '../../../../../node/laws/laws.ts';
import type { NetworkHealth } from '../../../../../node/laws/progress.ts';
import { Trace } from '../../../../../node/report/events.ts';
import type { Fault } from '../../../../../node/scenario/types.ts';

const names = ['node-0', 'node-1', 'node-2', 'node-3'];

/** A network that only writes down what is asked of it. */
class Rig {
  readonly asked: string[] = [];
  readonly lines: string[] = [];
  readonly failures: unknown[] = [];
  health: NetworkHealth | undefined;
  /** Fails the next thing that is asked. */
  failure: Error | undefined;
  newestView = 40;
  readonly nodes = names.map((name, index) => new EngineNode({ index, name, power: 1000 }));
  readonly links: LinkState;
  readonly faults: EngineFaults;

  constructor() {
    for (const node of this.nodes) node.isUp = true;
    const network = { latencyMs: 5, jitterMs: 1, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 100 };
    this.links = new LinkState(network, names);
    const note = async (text: string): Promise<void> => {
      // Whoever asks goes on first, as with a real process.
      await Promise.resolve();
      this.asked.push(text);
      const { failure } = this;
      this.failure = undefined;
      if (failure !== undefined) throw failure;
    };
    const control: DevnetControl = {
      start: () => note('start'),
      begin: () => note('begin'),
      stop: () => note('stop'),
      kill: (node) => note(`kill ${node}`),
      wipe: (node) => note(`wipe ${node}`),
      startNode: (node) => note(`start ${node}`),
      pause: (node) => note(`pause ${node}`),
      resume: (node) => note(`resume ${node}`),
      submit: (node) => note(`submit ${node}`),
      setLinks: (node, links) => {
        const cut = [...links].flatMap(([from, { cut: isCut }]) => (isCut ? [from] : []));
        if (cut.length > 0) this.asked.push(`cut ${cut.join('+')} > ${node}`);
      },
      setWithheld: (node, on) => void this.asked.push(`withhold ${node} ${on}`),
      setChainFault: ({ kind }, on) => note(`chain ${kind} ${on}`),
      deposit: ({ asset }) => note(`deposit ${asset}`),
      post: (bytes) => note(`post of ${bytes.length} bytes`),
      createSettlementClient: () => {
        throw new Error('not here');
      },
    };
    const laws = {
      healthChanged: (health: NetworkHealth) => {
        this.health = health;
      },
      diskWiped: (node: number) => this.asked.push(`told of wiped ${node}`),
    } as unknown as Laws;
    this.faults = new EngineFaults({
      validators: new ValidatorSet(
        names.map((name, index) => ({ name, publicKey: `0x${index}`, power: 1000 })),
      ),
      deltaMs: 500,
      messageBytesMax: 1000,
      control,
      nodes: this.nodes,
      links: this.links,
      laws,
      trace: new Trace({
        nodeNames: names,
        labelOf: () => undefined,
        onLine: (line) => this.lines.push(line),
      }),
      nowMs: () => 7,
      newestView: () => this.newestView,
      started: ({ index }) => this.asked.push(`handed to ${index}`),
      healthChanged: () => this.faults.tellHealth(),
      failed: (error) => this.failures.push(error),
    });
  }

  node(index: number): EngineNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  get types(): readonly string[] {
    return this.lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
  }
}

const crash = (node: string, lose: 'unsynced' | 'all' = 'unsynced'): Fault => ({ type: 'crash', node, lose });

describe('EngineFaults: machines', () => {
  it('kills, and starts again when the fault ends', async () => {
    const rig = new Rig();
    const fault = crash('node-1');
    rig.faults.start(fault);
    expect(rig.node(1).isUp).toBe(false);
    expect(rig.faults.absenceOf(rig.node(1))).toBe('is down');
    expect(rig.health).toMatchObject({ hasQuorum: true, canSettle: true });
    rig.faults.end(fault);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['kill 1', 'start 1', 'handed to 1']);
    expect(rig.node(1).isUp).toBe(true);
    expect(rig.types).toEqual(['fault_started', 'fault_ended', 'node_crashed', 'node_restarted']);
  });

  it('wipes the disk while the node is down, and knows that it is silent until two views on', async () => {
    const rig = new Rig();
    const fault = crash('node-2', 'all');
    rig.node(2).finalizedHeight = 12;
    rig.faults.start(fault);
    await rig.faults.settled();
    rig.faults.end(fault);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['kill 2', 'wipe 2', 'told of wiped 2', 'start 2', 'handed to 2']);
    expect(rig.node(2).finalizedHeight).toBe(0);
    expect(rig.node(2).silentUntilView).toBe(42);
    expect(rig.faults.absenceOf(rig.node(2))).toBe('is silent since it lost its disk');
  });

  it('is whole again when all crashes have ended, or at a restart', async () => {
    const rig = new Rig();
    const [one, other] = [crash('node-0'), crash('node-0')];
    rig.faults.start(one);
    rig.faults.start(other);
    rig.faults.end(one);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['kill 0']);
    rig.faults.start({ type: 'restart', node: 'node-0' });
    rig.faults.end(other);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['kill 0', 'start 0', 'handed to 0']);
    rig.faults.start({ type: 'restart', node: 'node-0' });
    await rig.faults.settled();
    expect(rig.asked).toHaveLength(3);
  });

  it('pauses once however many pauses there are, and a crash ends them', async () => {
    const rig = new Rig();
    const pause = (): Fault => ({ type: 'pause', node: 'node-3' });
    const [one, other] = [pause(), pause()];
    rig.faults.start(one);
    rig.faults.start(other);
    expect(rig.faults.absenceOf(rig.node(3))).toBe('is paused');
    rig.faults.end(one);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['pause 3']);
    rig.faults.start(crash('node-3'));
    rig.faults.end(other);
    rig.faults.start(pause());
    await rig.faults.settled();
    expect(rig.asked).toEqual(['pause 3', 'kill 3']);
  });

  it('reports what a process does not do', async () => {
    const rig = new Rig();
    rig.failure = new Error('no such process');
    rig.faults.start(crash('node-1'));
    await rig.faults.settled();
    expect(rig.failures).toEqual([new Error('no such process')]);
  });
});

describe('EngineFaults: links, settlement chain and withheld settlements', () => {
  it('tells each node what does not reach it, and whoever watches that the quorum is lost', () => {
    const rig = new Rig();
    const fault: Fault = {
      type: 'partition',
      groups: [
        ['node-0', 'node-1'],
        ['node-2', 'node-3'],
      ],
    };
    rig.faults.start(fault);
    expect(rig.asked).toEqual(['cut 2+3 > 0', 'cut 2+3 > 1', 'cut 0+1 > 2', 'cut 0+1 > 3']);
    expect(rig.health?.hasQuorum).toBe(false);
    expect(rig.faults.absenceOf(rig.node(0))).toBe('has no quorum that agrees in time');
    rig.faults.end(fault);
    expect(rig.health?.hasQuorum).toBe(true);
    expect(rig.asked).toHaveLength(4);
    expect(rig.faults.warnings.map((text) => text.split(' ')[0])).toEqual(['QUORUM_LOST', 'QUORUM_BACK']);
  });

  it('turns faults of the chain on and off in their order; while some are on nobody has to settle', async () => {
    const rig = new Rig();
    const stall: Fault = { type: 'settlement_chain', kind: 'stall' };
    const reorg: Fault = { type: 'settlement_chain', kind: 'reorg', depth: 1 };
    rig.faults.start(stall);
    rig.faults.start(reorg);
    expect(rig.health?.canSettle).toBe(false);
    rig.faults.end(stall);
    expect(rig.health?.canSettle).toBe(true);
    await rig.faults.settled();
    expect(rig.asked).toEqual(['chain stall true', 'chain reorg true', 'chain stall false']);
  });

  it('knows whom the chain, or a fault on the way to it, excuses', () => {
    const rig = new Rig();
    rig.faults.start({ type: 'settlement_chain', kind: 'censor', node: 'node-1' });
    expect(names.map((_, index) => rig.faults.absenceOf(rig.node(index)))).toEqual([
      undefined,
      'is censored',
      undefined,
      undefined,
    ]);
    rig.faults.start({ type: 'settlement_chain', kind: 'lose_receipts', probability: 0.5 });
    expect(rig.faults.absenceOf(rig.node(0))).toBe('cannot rely on its calls');
  });

  it('lets a node withhold until the last of its faults ends', () => {
    const rig = new Rig();
    const withhold = (): Fault => ({ type: 'withhold_settlement', node: 'node-0' });
    const [one, other] = [withhold(), withhold()];
    rig.faults.start(one);
    rig.faults.start(other);
    expect(rig.faults.absenceOf(rig.node(0))).toBe('is dishonest');
    expect(rig.health?.canSettle).toBe(false);
    rig.faults.end(one);
    rig.faults.end(other);
    expect(rig.asked).toEqual(['withhold 0 true', 'withhold 0 true', 'withhold 0 true', 'withhold 0 false']);
    expect(rig.faults.absenceOf(rig.node(0))).toBeUndefined();
  });
});
