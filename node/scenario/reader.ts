/**
 * Typed reading of located YAML: each function gives the value or records a problem and gives undefined, so a reader
 * goes on to the end of the file and every mistake is listed. Nothing is repaired or guessed.
 */
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import type { Located, LocatedEntry } from '../config/located.ts';
import { type Position, type Problem, SUGGESTIONS_MAX, showValue, suggest } from '../config/problem.ts';
import type { ScenarioCode } from './codes.ts';

const AMOUNT_TEXT_MAX = 80;
const DURATION_EXPECTED = 'a duration (an integer in ms, or 500ms, 40s, 5m, 6h)';
const durationPattern = /^([0-9]{1,12})(ms|s|m|h)$/;
const durationUnitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** Longest duration in ms: a hundred years, so that sums of times stay safe integers. */
export const DURATION_MS_MAX = 100 * 366 * 24 * 3_600_000;

/** A value with the way to it. */
export interface Place {
  readonly value: Located;
  readonly path: string;
  /** Where its key stands, if it has one. */
  readonly keyAt: Position | undefined;
}

export type MapPlace = Place & { readonly value: Extract<Located, { kind: 'map' }> };

/** Gathers problems of one file. */
export class Reader {
  readonly problems: Problem[] = [];
  #suggestions = 0;

  report(at: Position, path: string, code: ScenarioCode, message: string, hint?: string): undefined {
    this.problems.push({ file: at.file, line: at.line, column: at.column, path, code, message, hint });
    return undefined;
  }

  /** `expected X, got Y` at the value. */
  expected(
    place: Place,
    expected: string,
    code: ScenarioCode = 'SCENARIO_VALUE_INVALID',
    hint?: string,
  ): undefined {
    return this.report(
      place.value.at,
      place.path,
      code,
      `expected ${expected}, got ${show(place.value)}`,
      hint,
    );
  }

  /** The hint for an unknown word; none once the file has had `SUGGESTIONS_MAX` of them. */
  suggest(word: string, known: readonly string[]): string | undefined {
    this.#suggestions += 1;
    return this.#suggestions > SUGGESTIONS_MAX ? undefined : suggest(word, known);
  }

  /** A map whose keys are all among `keys`; unknown ones are reported, the map is given all the same. */
  map(place: Place, keys: readonly string[], expected = 'a map of keys'): MapPlace | undefined {
    if (place.value.kind !== 'map') return this.expected(place, expected);
    for (const [key, entry] of place.value.entries) {
      if (keys.includes(key)) continue;
      this.report(
        entry.keyAt,
        join(place.path, key),
        'SCENARIO_KEY_UNKNOWN',
        `unknown key \`${key}\``,
        this.suggest(key, keys),
      );
    }
    return { ...place, value: place.value };
  }

  list(place: Place, expected = 'a list'): Place[] | undefined {
    if (place.value.kind !== 'list') return this.expected(place, expected);
    return place.value.items.map((value, index) => ({
      value,
      path: `${place.path}.${index}`,
      keyAt: undefined,
    }));
  }

  /** The value of a key, if the key is there. */
  get(map: MapPlace, key: string): Place | undefined {
    const entry = map.value.entries.get(key);
    return entry === undefined ? undefined : place(entry, join(map.path, key));
  }

  require(map: MapPlace, key: string, expected: string): Place | undefined {
    const found = this.get(map, key);
    if (found !== undefined) return found;
    return this.report(
      map.value.at,
      join(map.path, key),
      'SCENARIO_KEY_MISSING',
      `expected ${expected}, got nothing`,
    );
  }

  text(place: Place | undefined, expected: string, pattern?: RegExp): string | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    if (typeof value !== 'string' || (pattern !== undefined && !pattern.test(value)))
      return this.expected(place, expected);
    return value;
  }

  choice<Choice extends string>(place: Place | undefined, choices: readonly Choice[]): Choice | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    const found = choices.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const hint = typeof value === 'string' ? this.suggest(value, choices) : undefined;
    return this.expected(
      place,
      choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(', ')}`,
      'SCENARIO_VALUE_INVALID',
      hint,
    );
  }

  flag(place: Place | undefined): boolean | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    return typeof value === 'boolean' ? value : this.expected(place, 'true or false');
  }

  integer(
    place: Place | undefined,
    min: number,
    max: number = Number.MAX_SAFE_INTEGER,
    code: ScenarioCode = 'SCENARIO_VALUE_INVALID',
  ): number | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    return this.expected(
      place,
      max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`,
      code,
    );
  }

  /** A finite number within bounds. */
  number(place: Place | undefined, min: number, max: number): number | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
    return this.expected(place, `a number from ${min} to ${max}`);
  }

  /** Milliseconds from an integer or from text such as `40s`. */
  duration(place: Place | undefined, maxMs: number = DURATION_MS_MAX): number | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    const ms =
      typeof value === 'number' ? value : typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms === undefined || !Number.isSafeInteger(ms) || ms < 0 || ms > DURATION_MS_MAX)
      return this.expected(place, DURATION_EXPECTED, 'SCENARIO_DURATION_INVALID');
    return ms <= maxMs ? ms : this.expected(place, `at most ${maxMs} ms`);
  }

  /** As `duration`, of either sign: `-700`, `-5s`. */
  signedDuration(place: Place | undefined, minMs: number, maxMs: number): number | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    const ms =
      typeof value === 'number' ? value : typeof value === 'string' ? parseSignedDuration(value) : undefined;
    if (ms === undefined || !Number.isSafeInteger(ms))
      return this.expected(place, `${DURATION_EXPECTED}, or one with a minus`, 'SCENARIO_DURATION_INVALID');
    return ms >= minMs && ms <= maxMs ? ms : this.expected(place, `from ${minMs} to ${maxMs} ms`);
  }

  /** Smallest units; `allowZero` for facts, false for what must move. */
  amount(place: Place | undefined, allowZero = false): bigint | undefined {
    const value = this.signedAmount(place);
    if (value === undefined || place === undefined) return undefined;
    if (value < 0n) return this.expected(place, 'an amount >= 0', 'AMOUNT_NEGATIVE');
    if (value === 0n && !allowZero) return this.expected(place, 'an amount above 0', 'AMOUNT_ZERO');
    return value;
  }

  /** A net amount: as `amount`, of either sign. */
  signedAmount(place: Place | undefined): bigint | undefined {
    if (place === undefined) return undefined;
    const value = scalarOf(place);
    if (
      typeof value === 'bigint' ||
      (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    ) {
      return this.expected(place, 'a number above 2^53 in quotes', 'AMOUNT_UNSAFE', `write "${value}"`);
    }
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return BigInt(value);
      return this.expected(place, 'whole smallest units', 'AMOUNT_FRACTIONAL');
    }
    if (typeof value !== 'string' || value.length > AMOUNT_TEXT_MAX)
      return this.expected(place, 'an amount', 'AMOUNT_INVALID');
    if (/^[+-]?[0-9]+\.[0-9]*$/.test(value))
      return this.expected(place, 'whole smallest units', 'AMOUNT_FRACTIONAL');
    if (!/^[+-]?[0-9]+$/.test(value)) return this.expected(place, 'an amount in digits', 'AMOUNT_INVALID');
    const amount = BigInt(value.startsWith('+') ? value.slice(1) : value);
    if (amount > AMOUNT_MAX || amount < -AMOUNT_MAX)
      return this.expected(place, 'an amount of at most 2^128-1', 'AMOUNT_TOO_LARGE');
    return amount;
  }

  /** What stands behind the feature exists in the documents but not here. */
  unavailable(at: Position, path: string, feature: string): undefined {
    return this.report(at, path, 'NOT_AVAILABLE_YET', `needs ${feature}, which this version does not have`);
  }
}

export function place(entry: LocatedEntry, path: string): Place {
  return { value: entry.value, path, keyAt: entry.keyAt };
}

export function join(path: string, key: string): string {
  return path === '' || key === '' ? path + key : `${path}.${key}`;
}

export function scalarOf(place: Place): unknown {
  return place.value.kind === 'scalar' ? place.value.value : undefined;
}

function show(value: Located): string {
  return showValue(value.kind === 'scalar' ? value.value : value.kind === 'list' ? value.items : {});
}

/** `40s` as 40000; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null) return undefined;
  const unit = match[2] as keyof typeof durationUnitsMs;
  return Number(match[1]) * durationUnitsMs[unit];
}

/** `-5s` as -5000; undefined when the text is no duration. */
function parseSignedDuration(text: string): number | undefined {
  const ms = parseDuration(text.replace(/^-/, ''));
  return ms !== undefined && text.startsWith('-') ? 0 - ms : ms;
}

/** `40000` as `40 s`, for texts. */
export function showDuration(ms: number): string {
  if (ms !== 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms !== 0 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : ms > 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
