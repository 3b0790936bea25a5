import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOutcome, runCommand } from '../../../helpers/runCommand.ts';

const AAVE = 'scripts/scenarios/data/aave-v2-polygon-2021.csv';
let dir = '';
const at = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-fit-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const run = (...args: readonly string[]): Promise<CommandOutcome> => runCommand(args);

describe('sidereal fit', () => {
  it('shows measured against fitted figures, and what the model leaves out', async () => {
    const { code, out, err } = await run('fit', AAVE);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('275 borrowings and repayments of 8 accounts in 7 assets, 47.2 days');
    expect(out).toMatch(/Dispersion of counts +measured +fitted +steady/);
    expect(out).toMatch(/DAI +102 +41 % +0\.443 {2}/);
    expect(out).toContain('* 587 deposits and withdrawals, which move no net');
    expect(out).toContain('--transactions-per-block sets another pace');
    expect(out).toContain('workload:\n  model:');
  });

  it('writes a scenario that run takes, again over its own file, and over no other', async () => {
    const out = at('model.yaml');
    const args = ['fit', AAVE, '--transactions-per-block', '2', '--out', out] as const;
    expect((await run(...args)).out).toContain(`npx sidereal run ${out}`);
    expect((await run(...args)).code).toBe(0);
    expect(await run('validate', out)).toEqual({ code: 0, out: `${out}: valid scenario\n`, err: '' });
    const ran = await run('run', out, '--json', '--set', 'simulation.crypto=modelled', '--seed', '2');
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out).batches.length).toBeGreaterThan(100);
    writeFileSync(at('mine.yaml'), 'name: mine\n');
    const refused = await run('fit', AAVE, '--out', at('mine.yaml'));
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('[OUT_DIR_TAKEN]')]);
    expect(readFileSync(at('mine.yaml'), 'utf8')).toBe('name: mine\n');
    expect((await run('fit', AAVE, '--out', at('no/such/folder.yaml'))).err).toContain(
      '[OUT_DIR_UNWRITABLE]',
    );
  });

  it('gives everything as JSON', async () => {
    const { code, out } = await run('fit', AAVE, '--json', '--time-scale', '0.01');
    const fit = JSON.parse(out);
    expect(code).toBe(0);
    expect(fit).toMatchObject({
      ok: true,
      flows: 275,
      ignored: 587,
      liquidations: 3,
      accounts: 8,
      time_scale: 0.01,
    });
    expect(fit.arrivals.gap_distance).toBeLessThan(fit.arrivals.gap_distance_steady);
    expect(fit.workload.model.arrivals.transactions_per_hour).toBeCloseTo(24.2, 1);
    expect(fit.assets[0]).toMatchObject({ asset: 'DAI', flows: 102 });
  });

  it('refuses a trace that is too short, one that is none, and a pace that is none', async () => {
    const header = 'timestamp,wallet,action,asset,amount';
    const rows = (count: number, step: number): string =>
      Array.from({ length: count }, (_, index) => `${1000 + index * step},ann,borrow,UM,${index + 1}`).join(
        '\n',
      );
    for (const [count, step] of [
      [19, 1],
      [50, 0],
    ] as const) {
      writeFileSync(at('short.csv'), `${header}\n${rows(count, step)}\n`);
      const { code, err } = await run('fit', at('short.csv'));
      expect([code, err]).toEqual([2, expect.stringContaining('[TRACE_TOO_SHORT]')]);
    }
    const json = await run('fit', at('short.csv'), '--json');
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, problems: [{ code: 'TRACE_TOO_SHORT' }] });
    expect((await run('fit', at('nowhere.csv'))).err).toContain('[FILE_UNREADABLE]');
    expect((await run('fit', AAVE, '--set', 'chain.block_time_ms=x')).code).toBe(2);
    for (const pace of ['0', '-1', 'fast'])
      expect((await run('fit', AAVE, '--time-scale', pace)).err).toContain('above 0');
  });
});
