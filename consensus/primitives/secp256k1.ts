/** The secp256k1 of this process: native where a binary loads, else the reference. Verdicts are the same. */
import type { RecoverableScheme } from './recoverable.ts';
import { loadNativeSecp256k1 } from './secp256k1Native.ts';
import { secp256k1Reference } from './secp256k1Reference.ts';

export const secp256k1: RecoverableScheme = loadNativeSecp256k1() ?? secp256k1Reference;
