/** The ed25519 of this process: native where a binary loads, else the reference. Verdicts are the same (RFC 8032, strict). */
import { loadNativeEd25519 } from './ed25519Native.ts';
import { ed25519Reference } from './ed25519Reference.ts';
import type { SignatureScheme } from './signature.ts';

const native = loadNativeEd25519();

export const ed25519: SignatureScheme = native ?? ed25519Reference;

/** Which of the two it is, for diagnostics: the reference is about twenty times slower. */
export const ed25519Backend: 'native' | 'reference' = native === undefined ? 'reference' : 'native';
