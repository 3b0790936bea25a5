/** The playground in a real browser: says nothing on the console, fits, is reached by a keyboard, and sends an input. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInputSigned } from '../../node/batcher/input/inputSignature.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import { ApiHarness } from '../helpers/apiHarness.ts';
import { Browser, controlsByTab, type Look } from '../helpers/browser.ts';
import { confirmedStatus } from '../helpers/fakePipeline.ts';

let browser: Browser;
let api: ApiHarness;

beforeAll(async () => {
  browser = new Browser();
  api = await ApiHarness.start();
  api.inputs.namespace = 'Test Net';
  api.network.run(10_000);
});
afterAll(async () => {
  browser.dispose();
  await api.stop();
});

const desk: Look = { width: 1100, colorScheme: 'light' };

/** @param noises - What the page may say on the console. */
function visit(look: Look, act: (page: Page) => Promise<void>, noises: readonly RegExp[] = []) {
  const ready = async (page: Page) => {
    await page.locator('#input-form form').waitFor();
    await page.locator('details.endpoint').first().waitFor();
    await act(page);
  };
  return browser.visit({ origin: api.url, path: '/documentation', look }, ready, noises);
}

function lastBody(): { data: BatcherInput; confirmationLevel: string } {
  const body = api.inputs.bodies.at(-1);
  if (body === undefined) throw new Error('nothing was sent');
  return body as { data: BatcherInput; confirmationLevel: string };
}

describe('GET /documentation', () => {
  it.each([
    { width: 1100, colorScheme: 'light' },
    { width: 1100, colorScheme: 'dark' },
    { width: 375, colorScheme: 'light' },
    { width: 375, colorScheme: 'dark' },
    { width: 320, colorScheme: 'light' },
  ] as const)('$width px wide, $colorScheme: lists every endpoint, fits and can be read', async (look) => {
    await visit(look, async (page) => {
      const listed = await page.locator('details.endpoint > summary').allInnerTexts();
      expect(listed).toHaveLength(api.server.routes.length);
      for (const id of ['postSendInput', 'getBlocksByHeight', 'postAdminForceBatch'])
        await page.locator(`#${id} > summary`).click();
      await page.locator('#postSendInput details summary').first().click();
      await page.locator('#sign').click();
      await page.locator('.steps li').first().waitFor();
      expect(await page.evaluate('probe.overflow()')).toBeLessThanOrEqual(0);
      expect(await page.evaluate('probe.faintTexts()')).toEqual([]);
    });
  });

  it.each([
    ['ed25519', 200],
    ['evm', 0],
    ['secret', 0],
  ] as const)(
    'signs with a key of kind %s, shows the text, sends, and follows it',
    async (kind, addressType) => {
      await visit(desk, async (page) => {
        await page.locator('#account').selectOption(kind);
        await page.locator('#target').selectOption('sidechain');
        await page.locator('#level').selectOption('no-wait');
        await page.locator('#send-button').click();
        await page.locator('.steps .ok').waitFor();
        const { data, confirmationLevel } = lastBody();
        expect({ ...data, confirmationLevel }).toMatchObject({
          addressType,
          target: 'sidechain',
          input: 'borrow|UM|1000',
          confirmationLevel: 'no-wait',
        });
        const text = signedTextOf(data, 'Test Net');
        expect(isInputSigned(data, text)).toBe(true);
        expect(await page.locator('[aria-label="Text that is signed"]').textContent()).toBe(text);
        const steps = await page.locator('.steps').textContent();
        for (const part of [
          data.address,
          confirmedStatus.requestId,
          `height ${confirmedStatus.rollup}`,
          'Confirmed',
        ])
          expect(steps).toContain(part);
      });
    },
  );

  it('keeps a throwaway key until another is chosen, and what is signed until something changes', async () => {
    await visit(desk, async (page) => {
      await page.locator('#account').selectOption('ed25519');
      const send = async (): Promise<BatcherInput> => {
        const before = api.inputs.bodies.length;
        await page.locator('#send-button').click();
        await page.locator('.steps .ok').waitFor();
        expect(api.inputs.bodies.length).toBe(before + 1);
        return lastBody().data;
      };
      const first = await send();
      expect(await send()).toEqual(first);
      await page.locator('#example').selectOption({ label: 'Sealed JSON' });
      const sealed = await send();
      expect(sealed.address).toBe(first.address);
      expect(sealed.input).toMatch(/^\{"digest":"0x/);
      await page.locator('#account').selectOption('evm');
      expect((await send()).address).not.toBe(first.address);
    });
  });

  it('signs with the wallet of the browser, and says where there is none', async () => {
    await visit(desk, async (page) => {
      await page.locator('#account').selectOption('wallet');
      await page.locator('#sign').click();
      expect(await page.locator('.steps [role=alert]').textContent()).toContain('no wallet');
      await page.evaluate(`window.ethereum = { request: async ({ method, params }) => {
        if (method === 'eth_requestAccounts') return ['0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'];
        window.asked = params;
        return '0x' + '11'.repeat(65);
      } }`);
      await page.locator('#send-button').click();
      await page.locator('.steps .ok').waitFor();
      const { data } = lastBody();
      const hex = Buffer.from(signedTextOf(data, 'Test Net')).toString('hex');
      expect(await page.evaluate('window.asked')).toEqual([`0x${hex}`, data.address]);
      expect(data.address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
    });
  });

  it('shows a refusal in full', async () => {
    await visit(
      desk,
      async (page) => {
        const details = { path: '/data/input (asset)', got: 'X' };
        api.inputs.refusal = { ok: false, code: 'INPUT_ASSET_UNKNOWN', message: 'write `UM`', details };
        try {
          await page.locator('#send-button').click();
          const alert = page.locator('.steps [role=alert]');
          await alert.waitFor();
          const text = await alert.textContent();
          for (const part of ['refused', 'INPUT_ASSET_UNKNOWN', 'write `UM`', '/data/input (asset)'])
            expect(text).toContain(part);
        } finally {
          api.inputs.refusal = undefined;
        }
      },
      [/status of 400/],
    );
  });

  it('tries endpoints: parameters, bodies, tokens, and streams until they are stopped', async () => {
    await visit(
      desk,
      async (page) => {
        const ask = async (id: string, fill: Readonly<Record<string, string>> = {}): Promise<string> => {
          const endpoint = page.locator(`#${id}`);
          await endpoint.locator('> summary').click();
          for (const [name, value] of Object.entries(fill)) await page.locator(`#${id}-${name}`).fill(value);
          await endpoint.getByRole('button', { name: 'Send request' }).click();
          await endpoint.locator('.scroll.tall code').first().waitFor();
          await expect.poll(() => endpoint.locator('form + div').textContent()).toMatch(/^\d{3} after/);
          return (await endpoint.locator('form + div').textContent()) ?? '';
        };
        expect(await ask('getBlocksByHeight', { height: '3' })).toContain('"height": 3');
        expect(await ask('getBlocks', { limit: '1', before: '3' })).toContain('"next_before": 2');
        expect(await ask('postAdminForceBatch', { token: 'let-me-in' })).toContain('"target": "sidechain"');
        expect(await ask('getInputStatusByRequestId', { requestId: 'zz' })).toContain('REQUEST_INVALID');
        await ask('getEvents');
        api.network.run(14_000);
        await page.locator('#getEvents code', { hasText: 'block_finalized' }).first().waitFor();
        await page.locator('#getEvents').getByRole('button', { name: 'Stop' }).click();
        await page.locator('#getEvents .outcome', { hasText: 'stopped' }).waitFor();
      },
      [/status of 400/],
    );
  });

  it('reaches every control by Tab, in order, with a ring around it', async () => {
    await visit({ width: 375, colorScheme: 'dark' }, async (page) => {
      await page.locator('#account').selectOption('secret');
      for (const id of ['postSendInput', 'getBlocks', 'postAdminClearQueue'])
        await page.locator(`#${id} > summary`).click();
      await page.locator('#sign').click();
      await page.locator('.steps li').first().waitFor();
      const wanted = await page.evaluate<number>('probe.numberControls()');
      expect(wanted).toBeGreaterThan(api.server.routes.length + 20);
      expect(await controlsByTab(page, wanted)).toEqual(
        Array.from({ length: wanted }, (_, place) => `${place} ringed`),
      );
    });
  });

  it('may run its own script and ask its own node, and nothing else', async () => {
    const response = await api.fetch('/documentation');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; connect-src 'self';/);
    expect(policy).not.toContain('unsafe');
    const text = await response.text();
    expect(text).not.toMatch(/(?:src|href)="https?:/);
    expect(text.length).toBeLessThan(200_000);
  });
});
