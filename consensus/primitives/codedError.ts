/**
 * The two ways in which something that is not a bug goes wrong: a verdict (bad input, returned) and a coded
 * error (operational failure, thrown). Nobody branches on message text; codes are listed in docs/errors.md.
 */

/** Result of checking something that came from outside. `details` are plain JSON values. */
export type Verdict<Value, Code extends string = string> =
  | { readonly ok: true; readonly value: Value }
  | Refusal<Code>;

export interface Refusal<Code extends string = string> {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function accept<Value>(value: Value): {
  readonly ok: true;
  readonly value: Value;
} {
  return { ok: true, value };
}

export function refuse<Code extends string>(
  code: Code,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): Refusal<Code> {
  return details === undefined ? { ok: false, code, message } : { ok: false, code, message, details };
}

/** An operational failure: the machine, a file, a port or a peer did not do what it should. */
export class CodedError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'CodedError';
    this.code = code;
    this.details = details;
  }
}

/**
 * Crashes on a broken assumption of our own. Stays on in production: going on with wrong state costs more. The message is
 * made whether it is needed or not: where that happens often, ask first and `assert(false, …)`.
 * @throws {Error} when `condition` is false; never caught below the process boundary.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
