/**
 * JSON as somebody hostile or careless would write it: other types, numbers no machine holds, names that every object
 * inherits, keys gone, doubled or foreign, nesting without end, text that is not JSON any more.
 */
import type { Choices } from './ledgerWorld.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Names that an object has without anybody giving them to it. */
const inheritedNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
] as const;

const strangeScalars: readonly Json[] = [
  null,
  true,
  false,
  '',
  0,
  -0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 53),
  '0',
  '-1',
  '+1',
  ' 1',
  '1e3',
  '0x10',
  '01',
  '9'.repeat(90),
  String(2n ** 128n),
  String(2n ** 128n - 1n),
  String(2n ** 64n + 1n),
  'NaN',
  'Infinity',
  `0x${'0'.repeat(64)}`,
  `0x${'G'.repeat(64)}`,
  '\u0000',
  '\uD800',
  '\u202Eevil',
  'a'.repeat(5000),
  'é'.repeat(2048),
  ...inheritedNames,
];

/** Brackets of the deepest text: far more than any stack holds frames. */
const DEPTH = 20_000;

/** @returns Text: of valid JSON most of the time. */
export function mutateJson(json: Json, choices: Choices): string {
  let mutated = json;
  for (let left = 1 + choices.below(3); left > 0; left -= 1) mutated = mutateValue(mutated, choices);
  const text = JSON.stringify(mutated);
  const draw = choices.below(30);
  if (draw === 0) return mutateText(text, choices);
  if (draw > 1) return text;
  const [open, close] = choices.below(2) === 0 ? ['[', ']'] : ['{"a":', '}'];
  const depth = [8, 40, 600, DEPTH][choices.below(4)] ?? DEPTH;
  return text.replace(/:("[^"]*"|\d+)/, `:${open.repeat(depth)}1${close.repeat(depth)}`);
}

/** Goes down to some place, and changes it there. The root itself is rarely it: nothing else would be looked at then. */
function mutateValue(value: Json, choices: Choices, depth = 0): Json {
  const isDeeper = choices.below(depth < 2 ? 40 : 6) !== 0;
  if (Array.isArray(value) && value.length > 0 && isDeeper) {
    const at = choices.below(value.length);
    const items: Json[] = [...(value as readonly Json[])];
    const draw = choices.below(12);
    if (draw === 0) return items.filter((_, index) => index !== at);
    if (draw === 1) return [...items, items[at] ?? null];
    items[at] = mutateValue(items[at] ?? null, choices, depth + 1);
    return items;
  }
  if (isMap(value) && Object.keys(value).length > 0 && isDeeper) return mutateMap(value, choices, depth);
  return drawStrange(value, choices);
}

function mutateMap(map: { readonly [key: string]: Json }, choices: Choices, depth: number): Json {
  const keys = Object.keys(map);
  const key = keys[choices.below(keys.length)] ?? '';
  const entries = Object.entries(map);
  const draw = choices.below(depth < 2 ? 60 : 12);
  if (draw === 0) return ownMap(entries.filter(([name]) => name !== key));
  if (draw === 1) return ownMap([...entries, [drawName(choices), drawStrange(map[key] ?? null, choices)]]);
  if (draw === 2)
    return ownMap(entries.map(([name, value]) => [name === key ? drawName(choices) : name, value]));
  if (draw === 3) {
    const other = keys[choices.below(keys.length)] ?? key;
    return ownMap(entries.map(([name, value]) => [name, name === key ? (map[other] ?? null) : value]));
  }
  return ownMap(
    entries.map(([name, value]) => [name, name === key ? mutateValue(value, choices, depth + 1) : value]),
  );
}

function drawStrange(value: Json, choices: Choices): Json {
  const draw = choices.below(8);
  if (draw === 0) return [value];
  if (draw === 1) return ownMap([[drawName(choices), value]]);
  if (draw === 2 && typeof value === 'string') return Number(value);
  if (draw === 2 && typeof value === 'number') return String(value);
  if (draw === 3 && typeof value !== 'object')
    return Array.from({ length: choices.below(3) * 600 }, () => value);
  return strangeScalars[choices.below(strangeScalars.length)] ?? null;
}

function drawName(choices: Choices): string {
  const names = [...inheritedNames, '', 'a', 'amount', 'from', 'é', ' '];
  return names[choices.below(names.length)] ?? '';
}

/** The text itself: a character gone, doubled or replaced, the end missing, a key twice. */
function mutateText(text: string, choices: Choices): string {
  const at = choices.below(text.length);
  const rest = text.slice(at + 1);
  switch (choices.below(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + rest;
    case 2:
      return text.slice(0, at) + String.fromCharCode(choices.below(0x2100)) + rest;
    case 3:
      return text.slice(0, at) + text.slice(at).repeat(2);
    case 4:
      return text.replace(/\{"(\w+)":/, '{"$1":1,"$1":');
    default:
      return `${text.slice(0, at)}${['&a', '*a', '!!js', '\t', '\r', '#', '- ', '<<: '][choices.below(8)] ?? ''}${rest}`;
  }
}

/** With own keys alone, whatever they are called. */
function ownMap(entries: readonly (readonly [string, Json])[]): Json {
  const map: Record<string, Json> = {};
  for (const [key, value] of entries) {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return map;
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
