import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FileSource } from '../../node/replay/frames.ts';
import { INPUT_FOLDER, listLives } from '../../node/replay/inputFolder.ts';
import { readNodeLog } from '../../node/replay/nodeLog.ts';
import { replayLife } from '../../node/replay/replay.ts';
import { fastScenario, RuntimeNetwork } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let network: RuntimeNetwork | undefined;

afterEach(async () => {
  await network?.close();
  network = undefined;
});

const all = [0, 1, 2, 3];

describe('4 nodes of the real runtime', () => {
  it('reach height 10 with equal state roots; one that was stopped catches up on its data', async () => {
    network = new RuntimeNetwork();
    const running = network;
    await running.startAll();
    await waitUntil(() => all.every((index) => running.heightOf(index) >= 10), 60_000);
    await running.stopNode(2);
    const stoppedAt = running.heightOf(2);
    await waitUntil(() => [0, 1, 3].every((index) => running.heightOf(index) >= stoppedAt + 5), 60_000);
    await running.startNode(2);
    const head = running.heightOf(0);
    await waitUntil(() => running.heightOf(2) >= head + 5, 60_000);
    expect(running.disagreements).toEqual([]);
    expect(running.failures).toEqual([]);
    // It went on from what it had, and was told what it had missed: every height, each once.
    expect([...(running.roots[2]?.keys() ?? [])]).toEqual(
      Array.from({ length: running.heightOf(2) }, (_, index) => index + 1),
    );
    expect(running.node(2).network.counters.count('gossip_rejected')).toBe(0);
  });

  it('settle a batch, and go on after the settlement chain was stopped and started again', async () => {
    network = new RuntimeNetwork(`${fastScenario}
timeline:
  - { at: { block: 2 }, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 4 }, repay: { asset: UM, amount: 300 } }
  - { at: { block: 8 }, borrow: { asset: UM, amount: 50 } }
`);
    const running = network;
    await running.startAll();
    await running.submitTimeline(12);
    const confirmed = (index: number, seq: number): boolean => running.confirmedBatches(index).includes(seq);
    await waitUntil(() => all.every((index) => confirmed(index, 1)), 60_000);
    const [batch] = running.sealedBatches(0);
    expect(batch).toMatchObject({ seq: 1, fromHeight: 1, toHeight: 5, net: [{ asset: 'UM', amount: 700n }] });
    await running.stopSettlementChain();
    const height = running.heightOf(0);
    await waitUntil(() => running.heightOf(0) >= height + 5, 60_000);
    await running.startSettlementChain();
    await waitUntil(() => all.every((index) => confirmed(index, 2)), 60_000);
    expect(running.disagreements).toEqual([]);
    expect(running.failures).toEqual([]);
  });

  it('write down what they take in: replayed offline, each gives its own state roots at every height', async () => {
    network = new RuntimeNetwork();
    const running = network;
    await running.startAll();
    await waitUntil(() => all.every((index) => running.heightOf(index) >= 5), 60_000);
    await running.stopNode(1);
    await running.startNode(1);
    const head = running.heightOf(0);
    await waitUntil(() => all.every((index) => running.heightOf(index) >= head + 5), 60_000);
    await running.stopAll();
    for (const index of all) {
      const roots = new Map<number, string>();
      for (const { path } of listLives(join(running.dataDir, `node-${index}`, INPUT_FOLDER))) {
        const log = readNodeLog(new FileSource(path));
        expect(log, path).toBeDefined();
        if (log === undefined) continue;
        for (const step of replayLife(log)) {
          expect(step.isAsRecorded, `input ${step.number} of ${path}`).toBe(true);
          for (const { height, stateRoot } of step.roots) roots.set(height, stateRoot);
        }
        expect(log.end).toBe('stopped');
      }
      expect(roots).toEqual(running.roots[index]);
    }
  });

  it('one that is parted from the others stands still while they go on, and catches up when the links are whole', async () => {
    network = new RuntimeNetwork();
    const running = network;
    await running.startAll();
    await waitUntil(() => all.every((index) => running.heightOf(index) >= 3), 60_000);
    running.setPartition([[0, 1, 2], [3]]);
    const partedAt = Math.max(...all.map((index) => running.heightOf(index)));
    await waitUntil(() => [0, 1, 2].every((index) => running.heightOf(index) >= partedAt + 6), 60_000);
    // What was on its way may have made one block more final.
    expect(running.heightOf(3)).toBeLessThanOrEqual(partedAt + 1);
    running.setPartition(undefined);
    const head = running.heightOf(0);
    await waitUntil(() => all.every((index) => running.heightOf(index) >= head + 5), 60_000);
    expect(running.disagreements).toEqual([]);
    expect(running.failures).toEqual([]);
    for (const index of all) expect(running.node(index).network.counters.count('gossip_rejected')).toBe(0);
  });

  it('slash whoever withholds its settlement; somebody else settles', async () => {
    network = new RuntimeNetwork(`${fastScenario}
timeline:
  - { at: { block: 2 }, borrow: { asset: UM, amount: 1000 } }
`);
    const running = network;
    await running.startAll();
    running.node(0).conditions.setWithheld(true);
    await running.submitTimeline(4);
    const slashed = (index: number): readonly number[] => running.slashed(index);
    await waitUntil(() => all.every((index) => running.confirmedBatches(index).includes(1)), 60_000);
    for (const index of all) expect(slashed(index)).toEqual([0]);
    expect(running.disagreements).toEqual([]);
  });
});
