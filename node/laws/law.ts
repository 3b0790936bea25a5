/** One law (docs/protocol.md, laws): counts how often it was checked and keeps what violated it, bounded. */
import type { LawResult } from '../report/result.ts';

/** Violations kept word for word; later ones are only counted. */
const VIOLATIONS_MAX = 20;

export class Law {
  readonly name: string;
  readonly #violations: string[] = [];
  #checkCount = 0;
  #violationCount = 0;

  constructor(name: string) {
    this.name = name;
  }

  get isBroken(): boolean {
    return this.#violationCount > 0;
  }

  /** Counts one check that found nothing wrong. */
  pass(): void {
    this.#checkCount += 1;
  }

  /** Counts one check; `describe` is asked only when it failed. */
  check(holds: boolean, describe: () => string): void {
    this.#checkCount += 1;
    if (!holds) this.violate(describe());
  }

  /** Records what a check that is already counted found wrong. */
  violate(text: string): void {
    this.#violationCount += 1;
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push(text);
  }

  result(): LawResult {
    const unlisted = this.#violationCount - this.#violations.length;
    const violations = unlisted > 0 ? [...this.#violations, `and ${unlisted} more`] : [...this.#violations];
    return { name: this.name, checks: this.#checkCount, violations };
  }
}
