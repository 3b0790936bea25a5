/** secp256k1 by noble-curves: slow, audited, without a binary. What the native one is tested against. */
import { secp256k1 as curve } from '@noble/curves/secp256k1.js';
import { isStrictlyRecoverable, RECOVERABLE_SIGNATURE_BYTES, type RecoverableScheme } from './recoverable.ts';

export const secp256k1Reference: RecoverableScheme = {
  publicKeyOf: (secretKey) => curve.getPublicKey(secretKey, false).slice(1),
  sign(secretKey, digest) {
    const recovered = curve.sign(digest, secretKey, { prehash: false, lowS: true, format: 'recovered' });
    const signature = new Uint8Array(RECOVERABLE_SIGNATURE_BYTES);
    // The library puts the recovery bit in front.
    signature.set(recovered.subarray(1));
    signature[64] = recovered[0] ?? 0;
    return signature;
  },
  recover(digest, signature) {
    if (!isStrictlyRecoverable(signature)) return undefined;
    const recovered = new Uint8Array(RECOVERABLE_SIGNATURE_BYTES);
    recovered[0] = signature[64] ?? 0;
    recovered.set(signature.subarray(0, 64), 1);
    try {
      const publicKey = curve.recoverPublicKey(recovered, digest, { prehash: false });
      return curve.Point.fromBytes(publicKey).toBytes(false).slice(1);
    } catch {
      return undefined;
    }
  },
};
