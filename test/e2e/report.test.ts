/** The reports of a sweep and of a run in a real browser: drawn, silent, readable, and reached by a keyboard. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../helpers/browser.ts';
import { CliProcess } from '../helpers/cliProcess.ts';

const PROBE = fileURLToPath(new URL('../helpers/pageProbe.js', import.meta.url));

let directory = '';
let browser: Browser;
const pages = { sweep: '', run: '' };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-report-'));
  browser = new Browser();
  const scenario = join(directory, 'small.yaml');
  writeFileSync(
    scenario,
    'name: small\nduration: 3m\nworkload: { uniform: { transactions_per_block: 3 } }\n',
  );
  const sweep = join(directory, 'sweep');
  const run = join(directory, 'run');
  const limits = ['--max-latency-p99', '30s'];
  const programs = [
    new CliProcess(['bench', scenario, '--batch-sizes', '1-8', '--seeds', '3', '--out', sweep, ...limits]),
    new CliProcess(['run', 'scripts/scenarios/crashed-proposer.yaml', '--record', 'none', '--out', run]),
  ];
  for (const program of programs) expect((await program.ended).code, program.err).toBe(0);
  pages.sweep = pathToFileURL(join(sweep, 'report.html')).href;
  pages.run = pathToFileURL(join(run, 'report.html')).href;
}, 300_000);

afterAll(() => {
  browser.dispose();
  rmSync(directory, { recursive: true, force: true });
});

interface Visit {
  readonly page: Page;
  /** What the page said on the console, what failed in it, and what it asked for besides itself. */
  readonly noise: string[];
}

async function visit(
  name: keyof typeof pages,
  look: { readonly width: number; readonly colorScheme: 'light' | 'dark' },
  act: (visit: Visit) => Promise<void>,
): Promise<void> {
  const context: BrowserContext = await browser.open(look);
  try {
    const page = await context.newPage();
    await page.addInitScript({ path: PROBE });
    const noise: string[] = [];
    page.on('console', (message) => noise.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== pages[name]) noise.push(`request: ${request.url()}`);
    });
    await page.goto(pages[name]);
    await act({ page, noise });
    expect(noise).toEqual([]);
  } finally {
    await context.close();
  }
}

interface DrawnFigure {
  readonly id: string;
  readonly shapes: number;
  readonly texts: number;
  readonly overflow: number;
}

describe.each<[keyof typeof pages, readonly string[]]>([
  [
    'sweep',
    [
      'latency',
      'fee',
      'exposure',
      'front',
      'latency-distribution',
      'exposure-over-time',
      'settlement-chain',
      'space-time',
    ],
  ],
  ['run', ['latency-distribution', 'space-time', 'exposure-over-time', 'settlement-chain']],
])('the report of a %s', (name, figures) => {
  it.each([
    [1100, 'light'],
    [1100, 'dark'],
    [375, 'light'],
    [320, 'dark'],
  ] as const)(
    '%i px wide, %s: draws every plot within its frame, loads nothing, says nothing, and fits',
    async (width, colorScheme) => {
      await visit(name, { width, colorScheme }, async ({ page }) => {
        const drawn = await page.evaluate<DrawnFigure[]>('probe.figures()');
        expect(drawn.map(({ id }) => id).sort()).toEqual([...figures].sort());
        for (const { id, shapes, texts, overflow } of drawn) {
          expect(shapes, id).toBeGreaterThan(8);
          expect(texts, id).toBeGreaterThan(5);
          expect(overflow, `${id}: text beyond the drawing`).toBeLessThan(14);
        }
        expect(await page.evaluate('probe.overflow()')).toBeLessThanOrEqual(0);
      });
    },
  );

  it.each([
    ['closed', false],
    ['open', true],
  ] as const)(
    'reaches every link, fold and scrolling part by Tab, in order, with a ring around it: folds %s',
    async (_, isOpen) => {
      await visit(name, { width: 375, colorScheme: 'light' }, async ({ page }) => {
        if (isOpen) await page.evaluate('probe.openAll()');
        const wanted = await page.evaluate<number>('probe.numberControls()');
        expect(wanted).toBeGreaterThan(15);
        const reached: string[] = [];
        for (let step = 0; step < wanted; step += 1) {
          await page.keyboard.press('Tab');
          reached.push(await page.evaluate<string>('probe.focused()'));
        }
        expect(reached).toEqual(Array.from({ length: wanted }, (_, place) => `${place} ringed`));
      });
    },
  );

  it('opens the figures of a plot by Enter, and scrolls their table by the keyboard', async () => {
    await visit(name, { width: 375, colorScheme: 'light' }, async ({ page }) => {
      const fold = page.locator(`#${figures[0]} summary`);
      await fold.focus();
      await page.keyboard.press('Enter');
      const region = page.locator(`#${figures[0]} .scroll`);
      await region.waitFor({ state: 'visible' });
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').getAttribute('class')).toBe('scroll');
      expect(await region.getAttribute('aria-label')).toMatch(/.{5}/);
    });
  });

  it.each(['light', 'dark'] as const)('has text that can be read in %s', async (colorScheme) => {
    await visit(name, { width: 1100, colorScheme }, async ({ page }) => {
      await page.evaluate('probe.openAll()');
      expect(await page.evaluate('probe.faintTexts()')).toEqual([]);
    });
  });
});
