/**
 * The three crypto policies behind one port: how much of signing and verifying is really done (ARCHITECTURE.md,
 * crypto policies). Public keys are real ed25519 keys under each, no root or id covers a signature, so chains are identical.
 * No policy changes a verdict by forgetting: caches are bounded and only ever save work.
 */
import { hash as nodeHash } from 'node:crypto';
import { fromHex, fromLatin1, isHex, toHex, toKey } from './bytes.ts';
import { assert } from './codedError.ts';
import { ed25519 } from './ed25519.ts';
import type { PublicKey } from './flavor.ts';
import { GenerationalMap } from './generationalMap.ts';
import { domains } from './hash.ts';
import {
  type Crypto,
  type CryptoPolicy,
  SECRET_KEY_BYTES,
  SIGNATURE_BYTES,
  type Signature,
  type SignatureScheme,
  type Signer,
} from './signature.ts';

/**
 * Verdicts kept in one generation of the cache, in entries. A vote is checked by all nodes within a view, and a view
 * of the largest validator set makes about 2,000. Larger generations cost more than they save: what lives long is
 * copied by the garbage collector.
 */
export const VERDICT_GENERATION_SIZE = 2048;
/**
 * Longest message that is remembered, in bytes. Votes and settlement messages are far shorter; a longer one costs
 * more to compare and keep than its rarity is worth, so it is verified each time.
 */
export const VERDICT_MESSAGE_BYTES_MAX = 4096;
/** Decoded public keys kept in one generation, in entries of about 150 bytes. */
export const PUBLIC_KEY_GENERATION_SIZE = 8192;

/** Domain byte and secret key in front of a tag's message. */
const TAG_PREFIX_BYTES = 1 + SECRET_KEY_BYTES;
/** `0x` and 64 digits. */
const PUBLIC_KEY_TEXT_LENGTH = 66;

/**
 * Makes the crypto of one process.
 * @param policy - `full`, `cached` or `modelled`; `modelled` proves nothing to another process, so it is for the
 *   simulator alone.
 * @param scheme - What signs and verifies beneath it; the process's own ed25519 unless a test says otherwise.
 */
export function createCrypto(policy: CryptoPolicy, scheme: SignatureScheme = ed25519): Crypto {
  switch (policy) {
    case 'full':
      return new FullCrypto(scheme);
    case 'cached':
      return new CachedCrypto(scheme);
    case 'modelled':
      return new ModelledCrypto(scheme);
  }
}

/** Every signature is made and every check is done. */
class FullCrypto implements Crypto {
  readonly policy = 'full';
  readonly #scheme: SignatureScheme;
  readonly #keys = new GenerationalMap<PublicKey, Uint8Array>({ generationSize: PUBLIC_KEY_GENERATION_SIZE });

  constructor(scheme: SignatureScheme) {
    this.#scheme = scheme;
  }

  createSigner(secretKey: Uint8Array): Signer {
    assertSecretKey(secretKey);
    const key = this.#scheme.prepare(secretKey);
    return { publicKey: toHex(key.publicKey), sign: (message) => key.sign(message) };
  }

  verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
    let keyBytes = this.#keys.get(publicKey);
    if (keyBytes === undefined) {
      if (!isHex(publicKey, 32)) return false;
      keyBytes = fromHex(publicKey);
      this.#keys.set(publicKey, keyBytes);
    }
    return this.#scheme.verify(keyBytes, message, signature);
  }
}

/** Real signatures; each distinct (key, message, signature) is verified once, one made here not at all. */
class CachedCrypto implements Crypto {
  readonly policy = 'cached';
  readonly #full: FullCrypto;
  readonly #verdicts = new VerdictCache();

  constructor(scheme: SignatureScheme) {
    this.#full = new FullCrypto(scheme);
  }

  createSigner(secretKey: Uint8Array): Signer {
    const { publicKey, sign } = this.#full.createSigner(secretKey);
    return {
      publicKey,
      sign: (message) => {
        const signature = sign(message);
        this.#verdicts.setOwn(publicKey, message, toKey(signature));
        return signature;
      },
    };
  }

  verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
    if (signature.length !== SIGNATURE_BYTES) return false;
    const signatureKey = toKey(signature);
    const known = this.#verdicts.get(publicKey, message, signatureKey);
    if (known !== undefined) return known;
    const isValid = this.#full.verify(publicKey, message, signature);
    this.#verdicts.set(publicKey, message, signatureKey, isValid);
    return isValid;
  }
}

/**
 * Tags in place of signatures: a keyed hash over the message, which only the holder of the secret key can make. The
 * verifier makes the tag again from the secrets of this process's signers: that costs no more than remembering it.
 */
class ModelledCrypto implements Crypto {
  readonly policy = 'modelled';
  readonly #scheme: SignatureScheme;
  readonly #tagMakers = new Map<PublicKey, TagMaker>();

  constructor(scheme: SignatureScheme) {
    this.#scheme = scheme;
  }

  createSigner(secretKey: Uint8Array): Signer {
    assertSecretKey(secretKey);
    const publicKey = toHex(this.#scheme.publicKeyOf(secretKey));
    const tagMaker = new TagMaker(secretKey);
    this.#tagMakers.set(publicKey, tagMaker);
    return {
      publicKey,
      sign: (message) => fromLatin1(tagMaker.make(message)),
    };
  }

  verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
    if (signature.length !== SIGNATURE_BYTES) return false;
    const tag = this.#tagMakers.get(publicKey)?.make(message);
    return tag !== undefined && tag === toKey(signature);
  }
}

/** Makes the tags of one secret key. */
class TagMaker {
  /** Hash input: domain, secret, message. Kept, because most messages (votes) have the same length. */
  #input: Uint8Array;

  constructor(secretKey: Uint8Array) {
    this.#input = new Uint8Array(TAG_PREFIX_BYTES);
    this.#input[0] = domains.modelledTag;
    this.#input.set(secretKey, 1);
  }

  /** 64 hex digits: as many characters as a signature has bytes. */
  make(message: Uint8Array): string {
    if (this.#input.length !== TAG_PREFIX_BYTES + message.length) {
      const input = new Uint8Array(TAG_PREFIX_BYTES + message.length);
      input.set(this.#input.subarray(0, TAG_PREFIX_BYTES));
      this.#input = input;
    }
    this.#input.set(message, TAG_PREFIX_BYTES);
    return nodeHash('sha256', this.#input);
  }
}

interface VerdictEntry {
  readonly publicKey: PublicKey;
  /** The message's bytes as text: a copy, so a caller that reuses its buffer does not change what was judged. */
  readonly message: string;
  readonly isValid: boolean;
}

/**
 * Verdicts by signature. A signature is nearly always seen with one key and one message; one that turns up with
 * others has those verdicts under the long key of all three, so nobody can push a good verdict out by replaying its
 * signature on other messages.
 */
class VerdictCache {
  readonly #entries = new GenerationalMap<string, VerdictEntry>({ generationSize: VERDICT_GENERATION_SIZE });

  get(publicKey: PublicKey, message: Uint8Array, signatureKey: string): boolean | undefined {
    const entry = this.#entries.get(signatureKey);
    if (entry === undefined || message.length > VERDICT_MESSAGE_BYTES_MAX) return undefined;
    const messageKey = toKey(message);
    if (entry.publicKey === publicKey && entry.message === messageKey) return entry.isValid;
    return this.#entries.get(longKey(publicKey, messageKey, signatureKey))?.isValid;
  }

  set(publicKey: PublicKey, message: Uint8Array, signatureKey: string, isValid: boolean): void {
    if (message.length > VERDICT_MESSAGE_BYTES_MAX || publicKey.length !== PUBLIC_KEY_TEXT_LENGTH) return;
    const entry = { publicKey, message: toKey(message), isValid };
    const isFree = this.#entries.get(signatureKey) === undefined;
    this.#entries.set(isFree ? signatureKey : longKey(publicKey, entry.message, signatureKey), entry);
  }

  /** The same for a signature just made here, which takes the short key from whatever stood there. */
  setOwn(publicKey: PublicKey, message: Uint8Array, signatureKey: string): void {
    if (message.length > VERDICT_MESSAGE_BYTES_MAX) return;
    this.#entries.set(signatureKey, { publicKey, message: toKey(message), isValid: true });
  }
}

/** The parts before the message have a fixed length, so the text is unambiguous. */
function longKey(publicKey: PublicKey, messageKey: string, signatureKey: string): string {
  return signatureKey + publicKey + messageKey;
}

function assertSecretKey(secretKey: Uint8Array): void {
  assert(secretKey.length === SECRET_KEY_BYTES, `secret key of ${secretKey.length} bytes`);
}
