/** Bytes with one bit changed: all of them for short ones, one bit a byte, drawn from a seed, for long ones. */
import { Random } from '../../consensus/primitives/random.ts';

export interface Flip {
  /** Counted from the first byte's highest bit. */
  readonly bit: number;
  readonly bytes: Uint8Array;
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return flipped;
}

export function* everyBit(bytes: Uint8Array): Generator<Flip> {
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) yield { bit, bytes: flipBit(bytes, bit) };
}

/** @param step - Every so many bytes; 1: each. */
export function* oneBitAByte(bytes: Uint8Array, seed: string, step = 1): Generator<Flip> {
  const random = new Random(seed);
  for (let at = 0; at < bytes.length; at += step) {
    const bit = 8 * at + random.below(8);
    yield { bit, bytes: flipBit(bytes, bit) };
  }
}

/** `count` byte arrays: noise, or `model` with some of its bytes replaced, cut or extended. */
export function* garbage(model: Uint8Array, count: number, seed: string): Generator<Uint8Array> {
  const random = new Random(seed);
  for (let index = 0; index < count; index += 1) {
    if (index % 4 === 0) {
      yield Uint8Array.from({ length: random.below(300) }, () => random.below(256));
      continue;
    }
    const bytes = model.slice(0, index % 4 === 1 ? random.below(model.length + 1) : model.length);
    for (let change = random.below(6); change >= 0 && bytes.length > 0; change -= 1) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    yield index % 4 === 2 ? Uint8Array.from([...bytes, random.below(256)]) : bytes;
  }
}
