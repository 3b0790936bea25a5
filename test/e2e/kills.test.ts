import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runKills } from '../helpers/killRun.ts';

/** Kills of nodes and of the settlement chain; the campaign asks for more. */
const nodeKills = Number(process.env.SIDEREAL_KILLS ?? 6);
const chainKills = Math.ceil(nodeKills / 5);
const seed = Number(process.env.SIDEREAL_KILL_SEED ?? 1);
/** The network makes this many blocks at most from the return of a node until that one is at the head. */
const CATCH_UP_BLOCKS_MAX = 40;

it(`4 nodes under load, ${nodeKills} killed one after the other and the settlement chain ${chainKills} times: nothing is lost, doubled or contradicted (seed ${seed})`, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidereal-kills-'));
  try {
    const result = await runKills({ dataDir, seed, nodeKills, chainKills });
    const { acknowledged, catchUpBlocks, height, votesSeen, settled } = result;
    process.stdout.write(
      `kills: ${nodeKills} nodes, ${chainKills} settlement chain; height ${height}, ${acknowledged} transactions acknowledged, ` +
        `${settled.length} batches settled, ${votesSeen} votes heard, back at the head after ${catchUpBlocks.join(', ')} blocks\n`,
    );
    expect(result.contradictions).toEqual([]);
    expect(result.lost).toEqual([]);
    expect(result.disagreements).toEqual([]);
    expect(settled).toEqual(settled.map((_, index) => index + 1));
    expect(Math.max(...catchUpBlocks)).toBeLessThanOrEqual(CATCH_UP_BLOCKS_MAX);
    expect(acknowledged).toBeGreaterThan(nodeKills * 5);
    expect(settled.length).toBeGreaterThan(0);
    expect(votesSeen).toBeGreaterThan(height);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 1_200_000);
