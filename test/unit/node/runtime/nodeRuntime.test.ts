import { beforeEach, describe, expect, it } from 'vitest';
import type { Input, NodeStatus, Output, RecoveredRow, Write } from '../../../../node/core/types.ts';
import { PEER_INPUTS_MAX } from '../../../../node/runtime/inputQueue.ts';
import { NodeRuntime } from '../../../../node/runtime/nodeRuntime.ts';
import type { PeerNetworkHandlers } from '../../../../node/runtime/peerNetwork.ts';
import { createResolvers, type PromiseResolvers } from '../../../../node/shims.ts';
import type { SettlementPair } from '../../../../settlement/chain/doubleSettlementWatch.ts';
import { ManualClock } from '../../../helpers/manualClock.ts';

const bytes = Uint8Array.of(1, 2, 3);
const accept: Output = { type: 'verdict', verdict: 'accept', code: undefined };
const write: Write = { key: 'a', value: bytes };

/** Everything around a runtime, written down in the order in which it happens. */
class World {
  readonly log: string[] = [];
  readonly inputs: Input[] = [];
  readonly clock = new ManualClock(1000);
  readonly failures: unknown[] = [];
  rows: readonly RecoveredRow[] = [];
  isNew = false;
  hasLostRows = false;
  /** What the core answers to an input. */
  outputsOf: (input: Input) => readonly Output[] = () => [];
  /** Writes wait for it when there is one. */
  writing: PromiseResolvers<void> | undefined;
  networkStart: () => Promise<void> = async () => undefined;
  handlers: PeerNetworkHandlers | undefined;
  follow: ((block: never) => Promise<void>) | undefined;
  show: ((pair: SettlementPair) => Promise<void>) | undefined;
  /** What the proofs of an input wait for. */
  proving: ((input: object) => Promise<void> | undefined) | undefined;
  readonly runtime: NodeRuntime;

  constructor() {
    this.runtime = new NodeRuntime(
      { self: 0, peers: [1, 2] },
      {
        core: {
          handle: (input) => {
            this.inputs.push(input);
            return this.outputsOf(input);
          },
          status: () => ({ height: 7 }) as NodeStatus,
        },
        store: {
          isNew: false,
          hasLostRows: false,
          rows: async () => this.rows,
          apply: async (writes, sync) => {
            this.log.push(`write ${writes.map(({ key }) => key).join()}${sync ? ' sync' : ''}`);
            await this.writing?.promise;
            this.log.push('written');
          },
          close: async () => this.#note('store closed'),
        },
        network: {
          start: async (handlers) => {
            this.handlers = handlers;
            await this.networkStart();
          },
          publish: (topic) => this.#note(`publish ${topic}`),
          request: async (peer) => {
            this.#note(`request to ${peer}`);
            return bytes;
          },
          penalise: (peer, code) => this.#note(`penalise ${peer} ${code}`),
          stop: async () => this.#note('network stopped'),
        },
        settlement: {
          submit: async () => ({ type: 'accepted' }),
          ask: async ({ proposer, seq }) => {
            this.#note(`ask ${proposer} ${seq}`);
            return { type: 'timed_out' };
          },
          follow: (fromHeight, deliver) => {
            this.#note(`follow from ${fromHeight}`);
            this.follow = deliver as (block: never) => Promise<void>;
          },
          watchConflicts: (deliver) => {
            this.show = deliver;
          },
          stop: async () => this.#note('settlement stopped'),
        },
        clock: this.clock,
        proofs: { prepare: (input) => this.proving?.(input) },
        onEvent: (event) => this.#note(`event ${event.type}`),
        onFailure: (error) => this.failures.push(error),
      },
    );
  }

  message(topic: 'votes' | 'blocks' = 'votes'): Promise<unknown> {
    if (this.handlers === undefined) throw new Error('the network has not started');
    return this.handlers.message(topic, 1, bytes);
  }

  get inputTypes(): string[] {
    return this.inputs.map(({ type }) => type);
  }

  #note(what: string): void {
    this.log.push(what);
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

/** Lets everything that waits for nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('NodeRuntime.start', () => {
  it('hands the core what the disk held, before anything else', async () => {
    world.rows = [{ key: 'head', value: bytes }];
    world.outputsOf = (input) => (input.type === 'message' ? [accept] : []);
    world.networkStart = async () => {
      void world.message();
      await settle();
    };
    await world.runtime.start();
    await settle();
    expect(world.inputs[0]).toEqual({
      type: 'started',
      nowMs: 1000,
      recovered: world.rows,
      peers: [1, 2],
      mayHaveRun: true,
    });
    expect(world.inputTypes).toEqual(['started', 'message']);
    expect(world.runtime.status().height).toBe(7);
    await world.runtime.stop();
  });

  it('throws what the core or the network throws, and lets go of everything', async () => {
    world.outputsOf = () => {
      throw new Error('a bad row');
    };
    await expect(world.runtime.start()).rejects.toThrow('a bad row');
    expect(world.log).toContain('store closed');
    expect(world.failures).toEqual([]);
    const other = new World();
    other.networkStart = () => Promise.reject(new Error('port taken'));
    await expect(other.runtime.start()).rejects.toThrow('port taken');
    expect(other.log).toContain('store closed');
    expect(other.inputs).toEqual([]);
  });
});

describe('NodeRuntime outputs', () => {
  it('leave only when a synced write before them is on disk; inputs wait meanwhile', async () => {
    await world.runtime.start();
    world.writing = createResolvers<void>();
    world.outputsOf = (input) =>
      input.type === 'message' && input.topic === 'votes'
        ? [
            { type: 'persist', writes: [write], sync: true },
            { type: 'publish', topic: 'votes', bytes },
            accept,
          ]
        : [accept];
    const judged = world.message('votes');
    const next = world.message('blocks');
    await settle();
    expect(world.log).toEqual(['write a sync']);
    expect(world.inputTypes).toEqual(['started', 'message']);
    expect(world.runtime.waitingCount).toBe(1);
    world.writing.resolve();
    expect(await judged).toMatchObject({ verdict: 'accept' });
    await next;
    expect(world.log).toEqual(['write a sync', 'written', 'publish votes']);
    await world.runtime.stop();
  });

  it('do not wait for other writes, which reach the disk in order all the same', async () => {
    await world.runtime.start();
    world.writing = createResolvers<void>();
    world.outputsOf = () => [
      { type: 'persist', writes: [write], sync: false },
      { type: 'persist', writes: [{ key: 'b', value: undefined }], sync: false },
      { type: 'publish', topic: 'votes', bytes },
      accept,
    ];
    await world.message();
    expect(world.log).toEqual(['write a', 'publish votes']);
    world.writing.resolve();
    await settle();
    expect(world.log).toEqual(['write a', 'publish votes', 'written', 'write b', 'written']);
    await world.runtime.stop();
  });

  it('set, replace and clear timers', async () => {
    await world.runtime.start();
    let outputs: readonly Output[] = [
      { type: 'setTimer', id: 'view', at: 1500 },
      { type: 'setTimer', id: 'hold', at: 1400 },
      { type: 'setTimer', id: 'view', at: 2000 },
      { type: 'clearTimer', id: 'hold' },
    ];
    world.outputsOf = (input) => (input.type === 'message' ? [...outputs, accept] : []);
    await world.message();
    world.clock.moveTo(1999);
    await settle();
    expect(world.inputTypes).toEqual(['started', 'message']);
    world.clock.moveTo(2000);
    await settle();
    expect(world.inputs.at(-1)).toEqual({ type: 'timerFired', nowMs: 2000, id: 'view' });
    // Due, but set again by an input that was in front of it.
    outputs = [{ type: 'setTimer', id: 'view', at: 2100 }];
    await world.message();
    outputs = [{ type: 'setTimer', id: 'view', at: 3000 }];
    const judged = world.message();
    world.clock.moveTo(2100);
    await judged;
    await settle();
    expect(world.inputTypes.filter((type) => type === 'timerFired')).toHaveLength(1);
    await world.runtime.stop();
    expect(world.clock.callCount).toBe(0);
  });

  it('ask peers and answer them; what is refused costs the peer its standing', async () => {
    await world.runtime.start();
    world.outputsOf = (input) => {
      if (input.type === 'message') {
        return [{ type: 'request', requestId: 9, peer: 2, protocol: 'sync', bytes }, accept];
      }
      if (input.type === 'response')
        return [{ type: 'verdict', verdict: 'reject', code: 'ENCODING_INVALID' }];
      if (input.type !== 'request') return [];
      if (input.from === 1) return [{ type: 'respond', requestId: input.requestId, peer: 1, bytes }];
      return [{ type: 'verdict', verdict: 'reject', code: 'SYNC_BAD' }];
    };
    await world.message();
    await settle();
    expect(world.inputs.at(-1)).toMatchObject({ type: 'response', requestId: 9, from: 2, bytes });
    expect(await world.handlers?.request(1, 'sync', bytes)).toEqual(bytes);
    expect(await world.handlers?.request(2, 'sync', bytes)).toBeUndefined();
    expect(world.log).toEqual(['request to 2', 'penalise 2 ENCODING_INVALID', 'penalise 2 SYNC_BAD']);
    await world.runtime.stop();
  });

  it('reach the settlement chain, and its answers and blocks reach the core', async () => {
    await world.runtime.start();
    world.outputsOf = (input) =>
      input.type === 'message'
        ? [
            { type: 'followSettlement', fromHeight: 3 },
            { type: 'submitSettlement', requestId: 1, bytes, batch: 1, attempt: 1 },
            { type: 'askSettlement', requestId: 2, batch: 4, attempt: 1, transactionHash: '0x' },
            accept,
          ]
        : [];
    await world.message();
    await settle();
    expect(world.log).toEqual(['follow from 3', 'ask 0 4']);
    expect(world.inputs.slice(2)).toEqual([
      { type: 'settlementAnswer', nowMs: 1000, requestId: 1, answer: { type: 'accepted' } },
      { type: 'settlementAnswer', nowMs: 1000, requestId: 2, answer: { type: 'timed_out' } },
    ]);
    await world.follow?.({ height: 3 } as never);
    expect(world.inputs.at(-1)).toMatchObject({ type: 'settlementBlock', block: { height: 3 } });
    const pair = { first: Uint8Array.of(1), second: Uint8Array.of(2) };
    await world.show?.(pair);
    expect(world.inputs.at(-1)).toEqual({ type: 'settlementConflict', nowMs: 1000, ...pair });
    await world.runtime.stop();
  });
});

describe('NodeRuntime inputs', () => {
  it('of users get the verdict of the core', async () => {
    await world.runtime.start();
    world.outputsOf = (input) =>
      input.type === 'transactionSubmitted'
        ? [{ type: 'verdict', verdict: 'ignore', code: 'MEMPOOL_FULL' }]
        : [];
    expect(await world.runtime.submit(bytes, { gossip: true })).toMatchObject({ code: 'MEMPOOL_FULL' });
    await world.runtime.pauseSettlement(true);
    expect(world.inputs.at(-1)).toEqual({ type: 'settlementPaused', nowMs: 1000, paused: true });
    await world.runtime.stop();
  });

  it('of others are refused while too many wait; timers are not', async () => {
    await world.runtime.start();
    world.writing = createResolvers<void>();
    world.outputsOf = (input) =>
      input.type === 'message'
        ? [
            { type: 'persist', writes: [write], sync: true },
            { type: 'setTimer', id: 'view', at: 1100 },
            accept,
          ]
        : [];
    const judged = Array.from({ length: PEER_INPUTS_MAX + 1 }, () => world.message());
    await settle();
    const refused = await Promise.race([world.message(), settle().then(() => 'waits')]);
    expect(refused).toBe('waits');
    expect(await world.message()).toEqual({ verdict: 'ignore', code: 'NODE_OVERLOADED' });
    expect(await world.handlers?.request(1, 'sync', bytes)).toBeUndefined();
    world.writing.resolve();
    world.writing = undefined;
    await Promise.all(judged);
    await world.runtime.stop();
  });
});

describe('NodeRuntime end', () => {
  it('handles what waits, takes nothing more, and frees the store last', async () => {
    await world.runtime.start();
    world.outputsOf = (input) =>
      input.type === 'message' ? [{ type: 'persist', writes: [write], sync: true }, accept] : [];
    const judged = [world.message(), world.message()];
    const ended = world.runtime.stop();
    expect(await world.message()).toEqual({ verdict: 'ignore', code: 'NODE_STOPPED' });
    expect(await Promise.all(judged)).toEqual([accept, accept]);
    await ended;
    expect(world.log.filter((line) => line.startsWith('write '))).toHaveLength(2);
    expect(world.log.at(-1)).toBe('store closed');
    expect(world.log).toContain('network stopped');
    expect(world.log).toContain('settlement stopped');
    expect(world.failures).toEqual([]);
    expect(await world.runtime.submit(bytes, { gossip: false })).toMatchObject({ code: 'NODE_STOPPED' });
    await world.runtime.stop();
  });

  it('comes at once with a bug in the core: nothing later leaves, whoever waits is told', async () => {
    await world.runtime.start();
    const bug = new Error('assertion failed: x');
    world.outputsOf = () => {
      throw bug;
    };
    const judged = [world.message(), world.message()];
    expect(await Promise.all(judged)).toEqual([
      { verdict: 'ignore', code: 'NODE_STOPPED' },
      { verdict: 'ignore', code: 'NODE_STOPPED' },
    ]);
    await settle();
    expect(world.failures).toEqual([bug]);
    expect(world.inputTypes).toEqual(['started', 'message']);
    expect(world.log.at(-1)).toBe('store closed');
  });

  it.each([true, false])('comes with a disk that takes no writes (sync %s): no vote leaves', async (sync) => {
    await world.runtime.start();
    const full = new Error('disk full');
    world.writing = createResolvers<void>();
    world.writing.reject(full);
    world.outputsOf = (input) =>
      input.type === 'message'
        ? [
            { type: 'persist', writes: [write], sync },
            { type: 'persist', writes: [write], sync: true },
            { type: 'publish', topic: 'votes', bytes },
            accept,
          ]
        : [];
    await world.message();
    await settle();
    expect(world.failures).toEqual([full]);
    expect(world.log).not.toContain('publish votes');
  });
});

describe('proofs that are judged ahead', () => {
  it('hold their input back, and no other', async () => {
    world.outputsOf = (input) => (input.type === 'message' ? [accept] : []);
    await world.runtime.start();
    const judged = createResolvers<void>();
    world.proving = (input) => ('topic' in input && input.topic === 'blocks' ? judged.promise : undefined);
    const held = world.message('blocks');
    await world.message('votes');
    expect(world.inputTypes).toEqual(['started', 'message']);
    judged.resolve();
    expect(await held).toMatchObject({ verdict: 'accept' });
    expect(world.inputTypes).toEqual(['started', 'message', 'message']);
    await world.runtime.stop();
  });

  it('are given up with the node, and whoever sent them is told', async () => {
    await world.runtime.start();
    const judged = createResolvers<void>();
    world.proving = () => judged.promise;
    const held = world.message('blocks');
    await world.runtime.stop();
    judged.resolve();
    expect(await held).toEqual({ verdict: 'ignore', code: 'NODE_STOPPED' });
    expect(world.inputTypes).toEqual(['started']);
  });
});
