import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import {
  createCrypto,
  VERDICT_GENERATION_SIZE,
  VERDICT_MESSAGE_BYTES_MAX,
} from '../../../../consensus/primitives/cryptoPolicy.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { ed25519Reference } from '../../../../consensus/primitives/ed25519Reference.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import {
  type CryptoPolicy,
  SIGNATURE_BYTES,
  type SignatureScheme,
} from '../../../../consensus/primitives/signature.ts';

const policies: readonly CryptoPolicy[] = ['full', 'cached', 'modelled'];
const alice = deriveSecretKey(1, 'alice');
const bob = deriveSecretKey(1, 'bob');
const message = new TextEncoder().encode('notarize view 7');

/** The real scheme, counting what it is asked to do. */
function createCountingScheme() {
  const counts = { signed: 0, verified: 0 };
  const scheme: SignatureScheme = {
    ...ed25519,
    prepare(secretKey) {
      const prepared = ed25519.prepare(secretKey);
      return {
        publicKey: prepared.publicKey,
        sign(bytes) {
          counts.signed += 1;
          return prepared.sign(bytes);
        },
      };
    },
    verify(publicKey, bytes, signature) {
      counts.verified += 1;
      return ed25519.verify(publicKey, bytes, signature);
    },
  };
  return { counts, scheme };
}

describe.each(policies)('createCrypto, %s', (policy) => {
  it('accepts what the key signed and nothing else', () => {
    const crypto = createCrypto(policy);
    const signer = crypto.createSigner(alice);
    const other = crypto.createSigner(bob);
    const signature = signer.sign(message);
    expect(crypto.policy).toBe(policy);
    expect(signature).toHaveLength(SIGNATURE_BYTES);
    // Twice: the second answer may come from a cache.
    for (let round = 0; round < 2; round += 1) {
      expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
      expect(crypto.verify(other.publicKey, message, signature)).toBe(false);
      expect(crypto.verify(signer.publicKey, message.subarray(1), signature)).toBe(false);
      expect(crypto.verify(signer.publicKey, message, other.sign(message))).toBe(false);
    }
  });

  it('has the real ed25519 public keys', () => {
    expect(createCrypto(policy).createSigner(alice).publicKey).toBe(toHex(ed25519.publicKeyOf(alice)));
  });

  it('signs equal messages equally', () => {
    const signer = createCrypto(policy).createSigner(alice);
    expect(signer.sign(message)).toEqual(createCrypto(policy).createSigner(alice).sign(message));
    expect(signer.sign(message)).toEqual(signer.sign(message.slice()));
  });

  it('refuses any changed bit of message or signature', () => {
    const crypto = createCrypto(policy);
    const signer = crypto.createSigner(alice);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.nat(),
        fc.boolean(),
        (text, at, inMessage) => {
          const signature = signer.sign(text);
          const target = inMessage ? text : signature;
          const bit = at % (target.length * 8);
          target[bit >> 3] = (target[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(crypto.verify(signer.publicKey, text, signature)).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never throws, whatever the key text and the bytes', () => {
    const crypto = createCrypto(policy);
    const { publicKey, sign } = crypto.createSigner(alice);
    const keys = fc.oneof(
      fc.string(),
      fc.constant(publicKey.toUpperCase()),
      fc.constant(publicKey.slice(2)),
      fc.constant(publicKey),
    );
    fc.assert(
      fc.property(keys, fc.uint8Array(), fc.uint8Array({ maxLength: 130 }), (key, text, signature) => {
        expect(crypto.verify(key, text, signature)).toBe(false);
      }),
    );
    const signature = sign(message);
    expect(crypto.verify(publicKey.toUpperCase(), message, signature)).toBe(false);
    expect(crypto.verify(`${publicKey}00`, message, signature)).toBe(false);
    expect(crypto.verify('', new Uint8Array(0), new Uint8Array(0))).toBe(false);
  });

  it('signs and verifies the empty and a very long message', () => {
    const crypto = createCrypto(policy);
    const signer = crypto.createSigner(alice);
    for (const byteCount of [0, VERDICT_MESSAGE_BYTES_MAX, VERDICT_MESSAGE_BYTES_MAX + 1, 100_000]) {
      const text = new Uint8Array(byteCount).fill(7);
      const signature = signer.sign(text);
      expect(crypto.verify(signer.publicKey, text, signature)).toBe(true);
      if (byteCount > 0) text[byteCount - 1] = 8;
      else signature[0] = (signature[0] ?? 0) ^ 1;
      expect(crypto.verify(signer.publicKey, text, signature)).toBe(false);
    }
  });

  it('judges the bytes as they are, when the caller reuses its buffers', () => {
    const crypto = createCrypto(policy);
    const signer = crypto.createSigner(alice);
    const buffer = message.slice();
    const signature = signer.sign(buffer);
    expect(crypto.verify(signer.publicKey, buffer, signature)).toBe(true);
    buffer[0] = (buffer[0] ?? 0) ^ 1;
    expect(crypto.verify(signer.publicKey, buffer, signature)).toBe(false);
    buffer.set(message);
    const copy = signature.slice();
    signature.fill(0);
    expect(crypto.verify(signer.publicKey, buffer, signature)).toBe(false);
    expect(crypto.verify(signer.publicKey, buffer, copy)).toBe(true);
  });

  it('asks for a 32-byte secret key', () => {
    expect(() => createCrypto(policy).createSigner(new Uint8Array(31))).toThrow('secret key of 31 bytes');
  });
});

describe('full', () => {
  it('gives the same keys, signatures and verdicts over the reference scheme', () => {
    const native = createCrypto('full').createSigner(alice);
    const reference = createCrypto('full', ed25519Reference).createSigner(alice);
    expect(reference.publicKey).toBe(native.publicKey);
    expect(reference.sign(message)).toEqual(native.sign(message));
    const verifier = createCrypto('cached', ed25519Reference);
    expect(verifier.verify(native.publicKey, message, native.sign(message))).toBe(true);
    expect(verifier.verify(native.publicKey, message.subarray(1), native.sign(message))).toBe(false);
  });

  it('does every check', () => {
    const { counts, scheme } = createCountingScheme();
    const crypto = createCrypto('full', scheme);
    const signer = crypto.createSigner(alice);
    const signature = signer.sign(message);
    for (let round = 0; round < 3; round += 1) crypto.verify(signer.publicKey, message, signature);
    expect(counts).toEqual({ signed: 1, verified: 3 });
  });
});

describe('cached', () => {
  it('does not check what this process signed, and checks anything else once', () => {
    const { counts, scheme } = createCountingScheme();
    const crypto = createCrypto('cached', scheme);
    const own = crypto.createSigner(alice);
    const signature = own.sign(message);
    expect(crypto.verify(own.publicKey, message, signature)).toBe(true);
    expect(counts.verified).toBe(0);
    const foreign = createCrypto('full').createSigner(bob);
    const foreignSignature = foreign.sign(message);
    for (let round = 0; round < 3; round += 1) {
      expect(crypto.verify(foreign.publicKey, message, foreignSignature)).toBe(true);
      expect(crypto.verify(foreign.publicKey, message, signature)).toBe(false);
      expect(crypto.verify(own.publicKey, message, foreignSignature)).toBe(false);
    }
    expect(counts.verified).toBe(3);
  });

  it('keeps a good verdict while its signature is replayed on other messages', () => {
    const { counts, scheme } = createCountingScheme();
    const crypto = createCrypto('cached', scheme);
    const signer = crypto.createSigner(alice);
    const signature = signer.sign(message);
    for (let index = 0; index < 5; index += 1) {
      expect(crypto.verify(signer.publicKey, Uint8Array.of(index), signature)).toBe(false);
    }
    expect(counts.verified).toBe(5);
    expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
    for (let index = 0; index < 5; index += 1) {
      expect(crypto.verify(signer.publicKey, Uint8Array.of(index), signature)).toBe(false);
    }
    expect(counts.verified).toBe(5);
  });

  it('has its own signature accepted although a replay of it was refused before it was made', () => {
    const { counts, scheme } = createCountingScheme();
    const crypto = createCrypto('cached', scheme);
    const signature = createCrypto('full').createSigner(alice).sign(message);
    const signer = crypto.createSigner(alice);
    expect(crypto.verify(signer.publicKey, Uint8Array.of(1), signature)).toBe(false);
    signer.sign(message);
    expect(crypto.verify(signer.publicKey, message, signature)).toBe(true);
    expect(counts.verified).toBe(1);
  });
});

describe('modelled', () => {
  it('makes tags without the scheme, one for each key and message', () => {
    const { counts, scheme } = createCountingScheme();
    const crypto = createCrypto('modelled', scheme);
    const signer = crypto.createSigner(alice);
    const tag = signer.sign(message);
    expect(crypto.verify(signer.publicKey, message, tag)).toBe(true);
    expect(counts).toEqual({ signed: 0, verified: 0 });
    expect(crypto.createSigner(bob).sign(message)).not.toEqual(tag);
    expect(signer.sign(Uint8Array.of(1))).not.toEqual(tag);
  });

  it('accepts no tag of a key that no signer of this process holds', () => {
    const elsewhere = createCrypto('modelled').createSigner(alice);
    const crypto = createCrypto('modelled');
    const tag = elsewhere.sign(message);
    expect(crypto.verify(elsewhere.publicKey, message, tag)).toBe(false);
    crypto.createSigner(alice);
    expect(crypto.verify(elsewhere.publicKey, message, tag)).toBe(true);
  });

  it('gives the same verdict after the tag was forgotten', () => {
    const crypto = createCrypto('modelled');
    const signer = crypto.createSigner(alice);
    const tag = signer.sign(message);
    const text = new Uint8Array(4);
    for (let index = 0; index < 2 * VERDICT_GENERATION_SIZE + 1; index += 1) {
      new DataView(text.buffer).setUint32(0, index);
      signer.sign(text);
    }
    expect(crypto.verify(signer.publicKey, message, tag)).toBe(true);
    expect(crypto.verify(signer.publicKey, text, tag)).toBe(false);
  });
});
