/**
 * ed25519 in libsodium through sodium-native: the implementation of the hot path. Absent where the package has no
 * binary for the machine; then the caller takes the reference, with equal results.
 */
import { createRequire } from 'node:module';
import { isStrictlyEncoded, PUBLIC_KEY_BYTES } from './ed25519Strict.ts';
import { type PreparedKey, SIGNATURE_BYTES, type SignatureScheme } from './signature.ts';

/** The calls used here. They take any byte array, though the published types ask for Buffer. */
export interface Sodium {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

/** libsodium keeps the seed and the public key together. */
const EXPANDED_KEY_BYTES = 64;

/**
 * Loads the native scheme.
 * @param load - Gives the module or throws; for tests.
 * @returns Undefined when there is no binary for this machine.
 */
export function loadNativeEd25519(load: () => unknown = loadSodium): SignatureScheme | undefined {
  let sodium: Sodium;
  try {
    sodium = load() as Sodium;
  } catch {
    return undefined;
  }
  return createNativeEd25519(sodium);
}

/** `require`, not `import`: a missing binary is then an exception of one call, not of the whole module graph. */
function loadSodium(): unknown {
  return createRequire(import.meta.url)('sodium-native');
}

function createNativeEd25519(sodium: Sodium): SignatureScheme {
  function prepare(secretKey: Uint8Array): PreparedKey {
    const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
    const expandedKey = new Uint8Array(EXPANDED_KEY_BYTES);
    sodium.crypto_sign_seed_keypair(publicKey, expandedKey, secretKey);
    return {
      publicKey,
      sign(message) {
        const signature = new Uint8Array(SIGNATURE_BYTES);
        sodium.crypto_sign_detached(signature, message, expandedKey);
        return signature;
      },
    };
  }
  return {
    publicKeyOf: (secretKey) => prepare(secretKey).publicKey,
    sign: (secretKey, message) => prepare(secretKey).sign(message),
    prepare,
    verify: (publicKey, message, signature) =>
      isStrictlyEncoded(publicKey, signature) &&
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}
