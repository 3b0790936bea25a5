/**
 * secp256k1 in libsecp256k1 through the package of that name: twenty times quicker than the reference. Absent where the
 * package has no binary for the machine; then the caller takes the reference, with equal results.
 */
import { createRequire } from 'node:module';
import { isStrictlyRecoverable, RECOVERABLE_SIGNATURE_BYTES, type RecoverableScheme } from './recoverable.ts';

/** The calls used here. */
interface LibSecp256k1 {
  publicKeyCreate(secretKey: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(
    digest: Uint8Array,
    secretKey: Uint8Array,
  ): { readonly signature: Uint8Array; readonly recid: number };
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    digest: Uint8Array,
    compressed: boolean,
  ): Uint8Array;
}

/**
 * Loads the native scheme.
 * @param load - Gives the module or throws; for tests.
 * @returns Undefined when there is no binary for this machine.
 */
export function loadNativeSecp256k1(load: () => unknown = loadBinding): RecoverableScheme | undefined {
  let library: LibSecp256k1;
  try {
    library = load() as LibSecp256k1;
  } catch {
    return undefined;
  }
  return createNative(library);
}

/** The binding itself: the package's own entry falls back to a slow library of its own without a word. */
function loadBinding(): unknown {
  return createRequire(import.meta.url)('secp256k1/bindings.js');
}

function createNative(library: LibSecp256k1): RecoverableScheme {
  return {
    publicKeyOf: (secretKey) => library.publicKeyCreate(secretKey, false).slice(1),
    sign(secretKey, digest) {
      const { signature, recid } = library.ecdsaSign(digest, secretKey);
      const recoverable = new Uint8Array(RECOVERABLE_SIGNATURE_BYTES);
      recoverable.set(signature);
      recoverable[64] = recid;
      return recoverable;
    },
    recover(digest, signature) {
      if (!isStrictlyRecoverable(signature)) return undefined;
      try {
        return library.ecdsaRecover(signature.subarray(0, 64), signature[64] ?? 0, digest, false).slice(1);
      } catch {
        return undefined;
      }
    },
  };
}
