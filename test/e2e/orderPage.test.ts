/** "Orders and batches" in a real browser: shows what moves as it moves, says where there is nothing to see, and is reached by a keyboard. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { autoBatchError } from '../../node/autobatch/codes.ts';
import type { OrderDesk } from '../../node/autobatch/orderDesk.ts';
import type { Batch, BatchStatus } from '../../node/autobatch/store/batch.ts';
import type { StoredOrder } from '../../node/autobatch/store/order.ts';
import { ApiHarness, type ApiHarnessOptions } from '../helpers/apiHarness.ts';
import { Browser, controlsByTab, type Look } from '../helpers/browser.ts';
import { orderOf } from '../unit/node/api/answerRows.ts';

const desk: Look = { width: 1100, colorScheme: 'light' };
const phone: Look = { width: 375, colorScheme: 'dark' };
const party = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
/** As long as the page may rest between two looks, and more. */
const LOOKS_MS = 60_000;

let browser: Browser;
let api: ApiHarness;

beforeAll(() => {
  browser = new Browser();
});
afterAll(() => browser.dispose());
afterEach(() => api.stop());

async function serve(options: ApiHarnessOptions = {}): Promise<void> {
  api = await ApiHarness.start(options);
}

/** With a clock of its own, so that the page looks again when the test says so. */
function visit(look: Look, act: (page: Page) => Promise<void>, noises: readonly RegExp[] = []) {
  const path = '/auto-batches/live';
  return browser.visit(
    { origin: api.url, path, look, hasClock: true },
    async (page) => {
      await page
        .locator('#orders')
        .getByText(/^As of|Auto-batch is off|in the memory/)
        .waitFor();
      await act(page);
    },
    noises,
  );
}

function keep(sequence: number, status: BatchStatus, changes: Partial<Batch> = {}): Batch {
  const batchId = `0x${sequence.toString(16).padStart(64, 'b')}`;
  const batch = api.orders.batchOf({ batchId, sequence, party, status, size: 3, attempts: 1, ...changes });
  api.orders.keep(batch);
  return batch;
}

/** A batch of orders that are stored, each with this outcome. */
async function keepOrders(batch: Batch, outcome: StoredOrder['outcome']): Promise<void> {
  const orders = Array.from({ length: batch.size }, (_, place) =>
    orderOf(api, `invoice ${batch.sequence}/${place}`, 1000n + BigInt(place)),
  );
  for (const { id, body } of orders) {
    await api.orders.addOrder(body);
    api.orders.change(id, { status: 'Dequeue', outcome });
  }
  api.orders.keep(
    batch,
    orders.map(({ id }) => id),
  );
}

async function lookAgain(page: Page): Promise<void> {
  await page.clock.runFor(LOOKS_MS);
}

const rowsOf = (page: Page) => page.locator('[aria-label="Batches, newest first"] tbody tr');
const numbersOf = (page: Page) => rowsOf(page).locator('th').allInnerTexts();

describe('GET /auto-batches/live', () => {
  beforeEach(() => serve());

  it.each([
    { width: 1100, colorScheme: 'light' },
    { width: 1100, colorScheme: 'dark' },
    { width: 375, colorScheme: 'light' },
    { width: 375, colorScheme: 'dark' },
    { width: 320, colorScheme: 'light' },
  ] as const)('$width px wide, $colorScheme: fits and can be read', async (look) => {
    for (const [index, status] of (['Confirmed', 'Accepted', 'Submitted', 'Prepared'] as const).entries())
      keep(index + 1, status);
    const failure = { kind: 'rejected', code: 'INSUFFICIENT_BALANCE', failedAt: 2, isFinal: true } as const;
    const batch = keep(123_456, 'Failed', { failure, ending: 'rejected', owner: 'node-0', size: 12 });
    await keepOrders(batch, 'failed');
    await visit(look, async (page) => {
      await page.getByRole('button', { name: 'Orders of batch 123456' }).click();
      await page.locator('.batch tbody tr').first().waitFor();
      expect(await page.evaluate('probe.overflow()')).toBeLessThanOrEqual(0);
      expect(await page.evaluate('probe.faintTexts()')).toEqual([]);
      const figures = await page.evaluate<{ shapes: number; overflow: number }[]>('probe.figures()');
      expect(figures).toHaveLength(2);
      for (const { shapes, overflow } of figures) {
        expect(shapes).toBeGreaterThan(8);
        expect(overflow).toBe(0);
      }
    });
  });

  it('shows how many are in each state, in the drawings and in words, as it changes', async () => {
    await visit(desk, async (page) => {
      const drawing = (name: string) => page.getByRole('img', { name });
      const batches = 'Prepared: 1 batch, Submitted: 2 batches, Accepted: 3 batches';
      await drawing(`Batches. ${batches}, Confirmed: 2,900 orders paid, Failed: 4 batches`).waitFor();
      await drawing('Orders. Queued: 1 order, Dequeue: 42 orders in batches').waitFor();
      const tiles = await page.locator('.tiles').textContent();
      for (const words of ['3.1\u00a0s', '2,869', '31']) expect(tiles).toContain(words);
      const active = { Prepared: 0, Submitted: 0, Accepted: 12, Confirmed: 0, Failed: 0 };
      api.orders.shownFigures = { ...api.orders.shownFigures, queued: 5000, active, activeOrders: 1200 };
      await lookAgain(page);
      await drawing('Batches. Prepared: 0 batches, Submitted: 0 batches, Accepted: 12 batches').waitFor();
      await drawing('Orders. Queued: 5,000 orders, Dequeue: 1,200 orders in batches').waitFor();
      expect(await page.locator('.machine .busy').allTextContents()).toEqual([
        'Accepted12batches',
        'Queued5,000orders',
        'Dequeue1,200in batches',
      ]);
      expect(await page.locator('.machine .trouble').count()).toBe(0);
    });
  });

  it('moves batches on and puts new ones on top, and leaves the keyboard where it is', async () => {
    keep(1, 'Prepared');
    keep(2, 'Submitted');
    await visit(desk, async (page) => {
      expect(await numbersOf(page)).toEqual(['#2', '#1']);
      const button = page.getByRole('button', { name: 'Orders of batch 1', exact: true });
      await button.focus();
      keep(1, 'Failed', { failure: { kind: 'expired', code: 'GONE', failedAt: undefined, isFinal: false } });
      keep(3, 'Prepared');
      await lookAgain(page);
      await rowsOf(page).nth(2).getByText('GONE').waitFor();
      expect(await numbersOf(page)).toEqual(['#3', '#2', '#1']);
      expect(await button.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    });
  });

  it('filters by state and goes through pages', async () => {
    for (let sequence = 1; sequence <= 25; sequence += 1)
      keep(sequence, sequence % 2 === 0 ? 'Accepted' : 'Confirmed');
    await visit(desk, async (page) => {
      const older = page.getByRole('button', { name: 'Older' });
      const newer = page.getByRole('button', { name: 'Newer' });
      expect(await newer.getAttribute('aria-disabled')).toBe('true');
      await newer.click({ force: true });
      await older.click();
      await page.getByText('page 2').waitFor();
      expect(await numbersOf(page)).toEqual(Array.from({ length: 10 }, (_, place) => `#${15 - place}`));
      await older.click();
      await page.getByText('page 3').waitFor();
      expect(await numbersOf(page)).toEqual(['#5', '#4', '#3', '#2', '#1']);
      expect(await older.getAttribute('aria-disabled')).toBe('true');
      await newer.click();
      await page.getByText('page 2').waitFor();
      await page.getByLabel('State').selectOption('Accepted');
      await page.getByText('page 1').waitFor();
      expect(await numbersOf(page)).toEqual(Array.from({ length: 10 }, (_, place) => `#${24 - 2 * place}`));
      await page.getByLabel('State').selectOption('Failed');
      await page.getByText('There are no such batches.').waitFor();
      expect(await rowsOf(page).count()).toBe(0);
    });
  });

  it('opens a batch with its orders, follows it, and gives the keyboard back', async () => {
    const batch = keep(7, 'Accepted', { size: 12, lastHeight: 812, owner: 'node-2' });
    await keepOrders(batch, 'pending');
    await visit(desk, async (page) => {
      const button = page.getByRole('button', { name: 'Orders of batch 7' });
      await button.click();
      const open = page.getByRole('region', { name: 'Batch that is open' });
      await open.getByText('1 to 10 of 12').waitFor();
      const text = await open.textContent();
      for (const part of [batch.batchId, party, '812', 'node-2', 'invoice 7/0', '1,009 UM', 'pending'])
        expect(text).toContain(part);
      expect(await button.getAttribute('aria-expanded')).toBe('true');
      await open.getByRole('button', { name: 'Next' }).click();
      await open.getByText('11 to 12 of 12').waitFor();
      expect(await open.locator('tbody tr').count()).toBe(2);
      for (const id of api.orders.known.get(batch.batchId)?.orderIds ?? [])
        api.orders.change(id, { outcome: 'confirmed' });
      api.orders.keep({ ...batch, status: 'Confirmed', owner: undefined });
      await lookAgain(page);
      await open.getByText('paid').first().waitFor();
      expect(await open.textContent()).not.toContain('node-2');
      await open.getByRole('button', { name: 'Close' }).click();
      expect(await open.count()).toBe(0);
      expect(await button.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    });
  });

  it('says what became of a batch that let its orders go', async () => {
    const failure = {
      kind: 'rejected',
      code: 'BATCH_GAS_TOO_HIGH',
      failedAt: undefined,
      isFinal: true,
    } as const;
    keep(9, 'Failed', { failure, ending: 'released' });
    await visit(desk, async (page) => {
      expect(await rowsOf(page).textContent()).toContain('Failed: orders queued again');
      await page.getByRole('button', { name: 'Orders of batch 9' }).click();
      await page.getByText('It holds no orders any more').waitFor();
      await page.getByText('rejected: BATCH_GAS_TOO_HIGH, for good').waitFor();
    });
  });

  it('asks nothing while it is paused or cannot be seen', async () => {
    await visit(desk, async (page) => {
      let asked = 0;
      page.on('request', () => {
        asked += 1;
      });
      const setHidden = (isHidden: boolean) =>
        page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
          document.dispatchEvent(new Event('visibilitychange'))`);
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText(', paused.').waitFor();
      asked = 0;
      await lookAgain(page);
      expect(asked).toBe(0);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText(/^As of [\d:]+\.$/).waitFor();
      expect(asked).toBeGreaterThan(0);
      await setHidden(true);
      asked = 0;
      await lookAgain(page);
      expect(asked).toBe(0);
      await setHidden(false);
      await expect.poll(() => asked).toBeGreaterThan(0);
    });
  });

  it('says that the database does not answer, keeps what was seen, and goes on', async () => {
    keep(1, 'Accepted');
    await visit(
      desk,
      async (page) => {
        api.orders.failure = autoBatchError('AUTO_BATCH_DATABASE_UNREACHABLE', 'no answer from the server');
        await lookAgain(page);
        const told = page.getByRole('status');
        await told.getByText('no answer from the server').waitFor();
        expect(await numbersOf(page)).toEqual(['#1']);
        api.orders.failure = undefined;
        await lookAgain(page);
        await expect.poll(() => told.textContent()).toBe('');
      },
      [/status of 503/],
    );
  });

  it('reaches every control by Tab, in order, with a ring around it', async () => {
    const batch = keep(7, 'Accepted', { size: 12 });
    keep(8, 'Confirmed');
    await keepOrders(batch, 'pending');
    await visit(phone, async (page) => {
      await page.getByRole('button', { name: 'Orders of batch 7' }).click();
      await page.locator('.batch tbody tr').first().waitFor();
      const wanted = await page.evaluate<number>('probe.numberControls()');
      expect(wanted).toBeGreaterThan(12);
      expect(await controlsByTab(page, wanted)).toEqual(
        Array.from({ length: wanted }, (_, place) => `${place} ringed`),
      );
    });
  });

  it('may run its own script and ask its own node, and nothing else', async () => {
    const response = await api.fetch('/auto-batches/live');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; connect-src 'self';/);
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).not.toMatch(/(?:src|href)="https?:/);
  });
});

describe('GET /auto-batches/live on a node without the engine', () => {
  it('says how to turn it on, without asking for what would be refused', async () => {
    await serve({ orders: null });
    await visit(phone, async (page) => {
      const told = await page.getByRole('status').textContent();
      for (const part of [
        'Auto-batch is off',
        'AUTO_BATCH_SWITCH=true',
        'auto_batch.enabled',
        'POST /orders',
      ])
        expect(told).toContain(part);
      expect(await page.getByRole('img').count()).toBe(0);
      expect(await page.evaluate('probe.faintTexts()')).toEqual([]);
      expect(await page.evaluate('probe.overflow()')).toBeLessThanOrEqual(0);
    });
  });

  it.each([
    ['http://127.0.0.1:4400', 'http://127.0.0.1:4400/auto-batches/live'],
    [undefined, undefined],
  ])('names the node that runs it (%s)', async (address, href) => {
    const elsewhere: OrderDesk = { type: 'elsewhere', node: 'node-3', api: address };
    await serve({ orders: () => elsewhere });
    await visit(desk, async (page) => {
      const told = page.getByRole('status');
      expect(await told.textContent()).toContain('in the memory of node-3');
      expect(await told.getByRole('link').count()).toBe(href === undefined ? 0 : 1);
      if (href !== undefined) expect(await told.getByRole('link').getAttribute('href')).toBe(href);
    });
  });
});
