/** Bytes as somebody hostile or a broken wire would change them: flips, cuts, lengths and numbers that lie, foreign parts. */
import type { Choices } from './ledgerWorld.ts';

type Mutation = (bytes: Uint8Array, choices: Choices, other: Uint8Array) => Uint8Array;

/** Counts and tags are 1, 2 or 4 bytes, heights and nonces 8, amounts 16, hashes 32. */
const fieldBytes = [1, 2, 4, 8, 16, 32] as const;

const mutations: readonly Mutation[] = [
  /* A bit. */
  (bytes, choices) => {
    const at = choices.below(bytes.length);
    return withBytes(bytes, at, [(bytes[at] ?? 0) ^ (1 << choices.below(8))]);
  },
  /* A byte. */
  (bytes, choices) => withBytes(bytes, choices.below(bytes.length), [choices.below(256)]),
  /* A field that is nothing, all it can be, or one more or less than it was. */
  (bytes, choices) => {
    const width = fieldBytes[choices.below(fieldBytes.length)] ?? 1;
    const at = choices.below(Math.max(1, bytes.length - width));
    const last = Math.min(bytes.length, at + width) - 1;
    const draw = choices.below(4);
    if (draw > 1) return withBytes(bytes, last, [((bytes[last] ?? 0) + (draw === 2 ? 1 : 255)) & 0xff]);
    return withBytes(bytes, at, new Array<number>(width).fill(draw === 0 ? 0 : 0xff));
  },
  /* The end is missing, or something in the middle. */
  (bytes, choices) => bytes.slice(0, choices.below(bytes.length)),
  (bytes, choices) => {
    const at = choices.below(bytes.length);
    return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + choices.below(40)));
  },
  /* More at the end, or in the middle. */
  (bytes, choices) => joined(bytes, drawBytes(choices, 1 + choices.below(8))),
  (bytes, choices) => {
    const at = choices.below(bytes.length);
    return joined(bytes.subarray(0, at), drawBytes(choices, 1 + choices.below(40)), bytes.subarray(at));
  },
  /* A part twice. */
  (bytes, choices) => {
    const from = choices.below(bytes.length);
    const part = bytes.subarray(from, from + 1 + choices.below(200));
    return joined(bytes.subarray(0, from), part, bytes.subarray(from));
  },
  /* A part of another transaction in its place: bodies under foreign tags, fields where others belong. */
  (bytes, choices, other) => {
    const width = 1 + choices.below(64);
    const part = other.subarray(choices.below(other.length)).subarray(0, width);
    return withBytes(bytes, choices.below(bytes.length), [...part]);
  },
  /* The head of one and the tail of another. */
  (bytes, choices, other) => {
    const cut = choices.below(Math.min(bytes.length, other.length));
    return joined(bytes.subarray(0, cut), other.subarray(cut));
  },
];

/** @param other - Another valid message, whose parts may end up in this one. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, choices: Choices): Uint8Array {
  let mutated = bytes;
  for (let left = 1 + choices.below(3); left > 0 && mutated.length > 0; left -= 1) {
    const mutate = mutations[choices.below(mutations.length)];
    if (mutate !== undefined) mutated = mutate(mutated, choices, other);
  }
  return mutated;
}

function withBytes(bytes: Uint8Array, at: number, changed: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  for (const [offset, value] of changed.entries()) if (at + offset < copy.length) copy[at + offset] = value;
  return copy;
}

function drawBytes(choices: Choices, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => choices.below(256));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
