/** The Chromium of this machine, without any page of its own, profile or traffic. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { requirements } from '../requirements.ts';

/** @throws {Error} There is none. */
function findChromium(): string {
  const { variable, commands } = requirements.find(({ name }) => name === 'chromium') ?? {
    variable: '',
    commands: [],
  };
  const set = process.env[variable];
  if (set !== undefined && set !== '') return set;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const command of commands) {
      const path = join(folder, command);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  throw new Error(`no ${commands.join(', ')} on the path; install one or set ${variable}`);
}

const PROBE = fileURLToPath(new URL('./pageProbe.js', import.meta.url));

/** When pages with a clock of their own begin, in ms since 1970. */
const START_MS = 1_767_225_600_000;

export interface Look {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

/** A browser with a profile that is deleted with it. */
export class Browser {
  readonly #profile = mkdtempSync(join(tmpdir(), 'sidereal-browser-'));

  /** Opens a window; one at a time. */
  open(options: Look): Promise<BrowserContext> {
    return chromium.launchPersistentContext(this.#profile, {
      executablePath: findChromium(),
      headless: true,
      viewport: { width: options.width, height: 900 },
      colorScheme: options.colorScheme,
      timeout: 120_000,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }

  /**
   * Opens a page that a server gives out, with `probe` in it, and lets a test act there. It fails when the page says
   * anything on the console, or asks anybody else.
   * @param target - `origin` of the server; with `hasClock` timers of the page fire when `page.clock` says so. @param noises - What the page may say: browsers report every refused request there.
   */
  async visit(
    target: {
      readonly origin: string;
      readonly path: string;
      readonly look: Look;
      readonly hasClock?: boolean;
    },
    act: (page: Page) => Promise<void>,
    noises: readonly RegExp[] = [],
  ): Promise<void> {
    const { origin, path, look, hasClock = false } = target;
    const context = await this.open(look);
    try {
      const page = await context.newPage();
      await page.addInitScript({ path: PROBE });
      if (hasClock) {
        await page.clock.install({ time: START_MS });
        await page.clock.pauseAt(START_MS + 1000);
      }
      const noise: string[] = [];
      page.on('console', (message) => noise.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(origin) && request.url() !== 'data:,')
          noise.push(`request: ${request.url()}`);
      });
      await page.goto(`${origin}${path}`);
      await act(page);
      const heard = noise.filter((line) => !noises.some((allowed) => allowed.test(line)));
      if (heard.length > 0) throw new Error(`the page was not quiet:\n${heard.join('\n')}`);
    } finally {
      await context.close();
    }
  }

  dispose(): void {
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What has the focus behind each Tab, from the first control of a page with the probe on; the skip link is that one. */
export async function controlsByTab(page: Page, count: number): Promise<readonly string[]> {
  await page.evaluate('document.querySelector(".skip").focus()');
  for (const key of ['Tab', 'Shift+Tab']) await page.keyboard.press(key);
  const reached = [await page.evaluate<string>('probe.focused()')];
  for (let step = 1; step < count; step += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>('probe.focused()'));
  }
  return reached;
}
