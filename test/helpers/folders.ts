/** Folders of a test file, and their end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Folders {
  readonly #root = mkdtempSync(join(tmpdir(), 'sidereal-inputs-'));
  #count = 0;

  next(): string {
    this.#count += 1;
    return join(this.#root, String(this.#count));
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
