/** Sweeps over a real server, with workers in this process: `redisQueue` and `postgresQueue` run it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readTextFile } from '../../node/config/configSources.ts';
import { type Cell, runCell } from '../../node/experiment/cell.ts';
import { type Plan, planSweep } from '../../node/experiment/plan.ts';
import type { CellQueue, CellWork, QueueTimings } from '../../node/experiment/queue/cellQueue.ts';
import { type PackedCell, serveCells } from '../../node/experiment/queue/cellWorker.ts';
import { FileRecorder, unpackExperiment } from '../../node/experiment/queue/experimentPackage.ts';
import type { ExperimentNotice } from '../../node/experiment/queue/notice.ts';
import { runQueuedSweep } from '../../node/experiment/queue/queuedSweep.ts';
import type { ServerName } from '../helpers/queueServers.ts';
import { waitUntil } from '../helpers/waitUntil.ts';
import { QueueHarness, quickTimings } from './cellQueueSuite.ts';

const text = (name: string): string =>
  `name: ${name}\nduration: 6s\nworkload: { uniform: { transactions_per_block: 2 } }\n`;

function planOf(name: string, files: FileRecorder, seedCount = 4): Plan {
  const planned = planSweep({
    text: text(name),
    file: `${name}.yaml`,
    points: ['1', '3'].map((value) => [{ key: 'settlement.batch_size', value }]),
    firstSeed: 1,
    seedCount,
    durationMs: undefined,
    below: [],
    above: [],
    isPhaseFixed: false,
    version: '1.0.0',
    readText: files.read,
  });
  if (!planned.ok) throw new Error('the scenario does not load');
  return planned.value;
}

/** For what hangs: a machine that does much else at the same time takes its time. */
const LIMIT_MS = 120_000;
/** Cells run in the very process that asks the server: it has to be given time. */
const timings: QueueTimings = { ...quickTimings, lostMs: LIMIT_MS };

/** Runs cells in this process; each once, for whoever takes it. */
class Runner {
  readonly #texts = new Map<string, string>();

  readonly work = async (cell: PackedCell): Promise<CellWork> => {
    const key = `${cell.experiment}-${cell.index}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return { type: 'done', text: known };
    const plan = unpackExperiment(cell.package.slice(), cell.plan);
    const text = JSON.stringify(runCell(plan.task(cell.index)));
    this.#texts.set(key, text);
    return { type: 'done', text };
  };
}

interface Sweep {
  readonly plan: Plan;
  readonly cells: readonly Cell[];
  readonly workers: readonly number[];
  readonly ended: Promise<unknown>;
  interrupt(): void;
}

export function testQueuedSweep(server: ServerName): void {
  const harness = new QueueHarness(server);
  const { work } = new Runner();
  const stops: (() => Promise<unknown>)[] = [];
  beforeAll(() => harness.namespace.clear());
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await harness.close();
  }, LIMIT_MS);
  afterAll(() => harness.namespace.clear());

  function start(
    queue: CellQueue,
    build: string,
    name: string,
    seedCount?: number,
    queueTimings = timings,
  ): Sweep {
    const files = new FileRecorder(readTextFile);
    const plan = planOf(name, files, seedCount);
    const cells: Cell[] = [];
    const workers: number[] = [];
    const over = new AbortController();
    const ended = runQueuedSweep({
      plan,
      files: files.files,
      queue,
      build,
      timings: queueTimings,
      indexes: Array.from({ length: plan.cellCount }, (_, index) => index),
      signal: over.signal,
      done: (cell) => cells.push(cell),
      heard: (count) => workers.push(count),
      rerunOf: (index) => `npx sidereal run of ${index}`,
    }).catch((cause: unknown) => cause);
    stops.push(() => {
      over.abort();
      return ended;
    });
    return { plan, cells, workers, ended, interrupt: () => over.abort() };
  }

  async function serve(
    build: string,
    run: (cell: PackedCell, signal: AbortSignal) => Promise<CellWork> = work,
    refused: (notice: ExperimentNotice) => void = () => undefined,
  ): Promise<() => Promise<unknown>> {
    const queue = await harness.open(build, { timings });
    const over = new AbortController();
    const options = { queue, build, concurrency: 2, lockMs: LIMIT_MS, timings };
    const ended = serveCells({ ...options, run, refused, signal: over.signal }).catch(
      (cause: unknown) => cause,
    );
    const stop = (): Promise<unknown> => {
      over.abort();
      return ended;
    };
    stops.push(stop);
    return stop;
  }

  const expectWhole = ({ plan, cells }: Sweep): void => {
    const ordered = [...cells].sort((one, other) => one.index - other.index);
    const own = Array.from({ length: plan.cellCount }, (_, index) => runCell(plan.task(index)));
    // Byte for byte, keys in order.
    expect(JSON.stringify(ordered)).toBe(JSON.stringify(own));
  };

  describe(`a sweep on ${server}`, { timeout: LIMIT_MS }, () => {
    it('gives the cells of a local one, each once, and leaves nothing in the queue', async () => {
      const build = harness.newBuild();
      await serve(build);
      await serve(build);
      const sweep = start(await harness.open(build, { timings }), build, 'whole');
      expect(await sweep.ended).toBeUndefined();
      expectWhole(sweep);
      expect(Math.max(...sweep.workers)).toBe(2);
      expect(await harness.namespace.dump()).toBe('');
    });

    it('does not mix with another one, nor with the same one of somebody else', async () => {
      const build = harness.newBuild();
      const sweeps = [
        start(await harness.open(build, { timings }), build, 'first'),
        start(await harness.open(build, { timings }), build, 'second'),
        start(await harness.open(build, { timings }), build, 'second'),
      ];
      await serve(build);
      for (const sweep of sweeps) expect(await sweep.ended).toBeUndefined();
      for (const sweep of sweeps) expectWhole(sweep);
      // What one of two equal sweeps put in again may still be worked on.
      await waitUntil(async () => (await harness.namespace.dump()) === '', LIMIT_MS);
    });

    it('puts in again what a server forgot', async () => {
      const build = harness.newBuild();
      const sweep = start(await harness.open(build, { timings }), build, 'forgotten');
      await waitUntil(async () => (await harness.namespace.dump()).includes('-7'), LIMIT_MS);
      await harness.namespace.forget();
      await serve(build);
      expect(await sweep.ended).toBeUndefined();
      expectWhole(sweep);
    });

    it('says which cell has no result, why, and how to run it alone; the next sweep starts afresh', async () => {
      const build = harness.newBuild();
      const stop = await serve(build, async (cell) =>
        cell.index === 5 ? { type: 'lost', reason: 'the thread ended with code 7' } : work(cell),
      );
      const sweep = start(await harness.open(build, { timings }), build, 'failing');
      expect(await sweep.ended).toMatchObject({
        code: 'EXPERIMENT_CELL_LOST',
        message: 'no result of run 5 from the queue: the thread ended with code 7\nnpx sidereal run of 5',
        details: { index: 5 },
      });
      await stop();
      await serve(build);
      const again = start(await harness.open(build, { timings }), build, 'failing');
      expect(await again.ended).toBeUndefined();
      expectWhole(again);
    });

    it.each([
      ['no cell', '{"index":0}'],
      ['not even JSON', '{'],
    ])('takes %s for no result', async (_, answer) => {
      const build = harness.newBuild();
      await serve(build, async () => ({ type: 'done', text: answer }));
      const sweep = start(await harness.open(build, { timings }), build, 'wrong', 1);
      expect(await sweep.ended).toMatchObject({
        code: 'EXPERIMENT_CELL_LOST',
        message: expect.stringContaining('what came back is not the result of this run'),
      });
      await waitUntil(async () => (await harness.namespace.dump()) === '', LIMIT_MS);
    });

    it('leaves nothing behind when it is interrupted, not even what was being worked on', async () => {
      const build = harness.newBuild();
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let taken = 0;
      await serve(build, async (cell) => {
        taken += 1;
        await released;
        return work(cell);
      });
      const sweep = start(await harness.open(build, { timings }), build, 'interrupted');
      await waitUntil(() => taken === 2, LIMIT_MS);
      sweep.interrupt();
      expect(await sweep.ended).toBeUndefined();
      expect(sweep.cells).toEqual([]);
      expect(await harness.namespace.dump()).not.toBe('');
      release();
      await waitUntil(async () => (await harness.namespace.dump()) === '', LIMIT_MS);
      expect(taken).toBe(2);
    });

    it('is left alone by workers of another build, which say so once', async () => {
      const [build, other] = [harness.newBuild(), harness.newBuild()];
      const refused: ExperimentNotice[] = [];
      await serve(
        other,
        () => expect.unreachable(),
        (notice) => refused.push(notice),
      );
      const sweep = start(await harness.open(build, { timings }), build, 'ours');
      await waitUntil(() => refused.length > 0 && sweep.workers.length > 2, LIMIT_MS);
      expect(refused).toMatchObject([{ scenario: 'ours', build, version: '1.0.0', runs: 8 }]);
      expect(sweep.workers.every((count) => count === 0)).toBe(true);
      await serve(build);
      expect(await sweep.ended).toBeUndefined();
      expectWhole(sweep);
      expect(refused).toHaveLength(1);
    });

    it('ends with what it has when the server is gone', async () => {
      const build = harness.newBuild();
      const proxy = await harness.proxy();
      await serve(build, async (cell) => {
        if (cell.index === 2) proxy.cut();
        return work(cell);
      });
      const sweep = start(await harness.open(build, { port: proxy.port }), build, 'cut', 4, quickTimings);
      expect(await sweep.ended).toMatchObject({ code: 'QUEUE_LOST' });
      expect(sweep.cells.length).toBeLessThan(8);
    });
  });
}
