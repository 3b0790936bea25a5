/** Inputs signed by another library; the file says how. */
import { readFileSync } from 'node:fs';

export interface PersonalSignVector {
  readonly name: string;
  readonly namespace: string;
  readonly target?: string;
  readonly input: string;
  readonly timestamp: string;
  readonly secretKey: string;
  readonly address: string;
  readonly signedText: string;
  readonly signature: string;
}

export function readPersonalSignVectors(): readonly PersonalSignVector[] {
  const text = readFileSync(new URL('../vectors/personalSign.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly vectors: readonly PersonalSignVector[] }).vectors;
}
