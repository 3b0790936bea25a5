/** The Chromium of this machine, without any page of its own, profile or traffic. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
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

/** A browser with a profile that is deleted with it. */
export class Browser {
  readonly #profile = mkdtempSync(join(tmpdir(), 'sidereal-browser-'));

  /** Opens a window; one at a time. */
  open(options: { readonly width: number; readonly colorScheme: 'light' | 'dark' }): Promise<BrowserContext> {
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

  dispose(): void {
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
