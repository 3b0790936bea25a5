/**
 * What authorises a ledger transaction, and its bytes, told apart by tags; an unknown tag does not decode, so later kinds
 * can be added without changing what today's bytes mean.
 */
import { signatureBytesOf } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { RECOVERABLE_SIGNATURE_BYTES } from '../../consensus/primitives/recoverable.ts';
import { SIGNATURE_BYTES, type Signature } from '../../consensus/primitives/signature.ts';
import type { InputForm, LedgerTarget } from '../input/types.ts';

/**
 * The sender signed the canonical bytes: with the ed25519 key that is its address, or with the secp256k1 key whose EVM
 * address it is. The latter signs their SHA-256, which is the transaction's id.
 */
export interface NativeAuth {
  readonly type: 'native';
  readonly scheme: 'ed25519' | 'secp256k1';
  readonly signature: Signature;
}

/**
 * The sender signed the text of an input (settlement/input), which says when and whereto, and all that the transaction
 * does. There is no nonce: a mark in the state keeps it from being executed twice.
 */
export interface InputAuth {
  readonly type: 'input';
  readonly form: InputForm;
  /** Ms since 1970, 13 digits. */
  readonly timestamp: number;
  /** Undefined: the input names none. */
  readonly target: LedgerTarget | undefined;
  /** EIP-191 of an EVM account, the recovery bit 0 or 1; of a key, ed25519. */
  readonly signature: Signature;
}

export type Auth = NativeAuth | InputAuth;

/** Tag bytes: their meaning never changes and none is used twice. 0 stands for nothing, so zeroed bytes never decode. */
const authTags = { native: 1, input: 2 } as const satisfies Record<Auth['type'], number>;
const schemeTags = { ed25519: 1, secp256k1: 2 } as const satisfies Record<NativeAuth['scheme'], number>;
const formTags = { command: 1, json: 2 } as const satisfies Record<InputForm, number>;
const targetTags = { none: 1, sidechain: 2, settlement: 3 } as const satisfies Record<
  LedgerTarget | 'none',
  number
>;

const signatureBytes = {
  ed25519: SIGNATURE_BYTES,
  secp256k1: RECOVERABLE_SIGNATURE_BYTES,
} as const satisfies Record<NativeAuth['scheme'], number>;

/** What 13 digits without a leading zero can say. */
const TIMESTAMP_MIN = 1_000_000_000_000;
const TIMESTAMP_MAX = 9_999_999_999_999;

/** Everything of an authorisation but the signature. */
export type AuthHead = Omit<NativeAuth, 'signature'> | Omit<InputAuth, 'signature'>;

export function writeAuthHead(writer: Writer, auth: AuthHead): void {
  writer.u8(authTags[auth.type]);
  if (auth.type === 'native') {
    writer.u8(schemeTags[auth.scheme]);
    return;
  }
  writer.u8(formTags[auth.form]).u64(auth.timestamp);
  writer.u8(targetTags[auth.target ?? 'none']);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readAuthHead(reader: Reader): AuthHead {
  const type = reader.u8();
  if (type === authTags.native) return { type: 'native', scheme: readScheme(reader.u8()) };
  if (type !== authTags.input) throw new DecodeError(`unknown authorisation ${type}`);
  const form = readForm(reader.u8());
  const timestamp = reader.u64();
  if (timestamp < TIMESTAMP_MIN || timestamp > TIMESTAMP_MAX) {
    throw new DecodeError(`timestamp ${timestamp}`);
  }
  return { type: 'input', form, timestamp, target: readTarget(reader.u8()) };
}

/** Bytes of the signature behind such a head. */
export function authSignatureBytes(head: AuthHead, from: Address): number {
  return head.type === 'native' ? signatureBytes[head.scheme] : signatureBytesOf(from);
}

function readScheme(tag: number): NativeAuth['scheme'] {
  if (tag === schemeTags.ed25519) return 'ed25519';
  if (tag === schemeTags.secp256k1) return 'secp256k1';
  throw new DecodeError(`unknown signature scheme ${tag}`);
}

function readForm(tag: number): InputForm {
  if (tag === formTags.command) return 'command';
  if (tag === formTags.json) return 'json';
  throw new DecodeError(`unknown form of an input ${tag}`);
}

function readTarget(tag: number): LedgerTarget | undefined {
  if (tag === targetTags.none) return undefined;
  if (tag === targetTags.sidechain) return 'sidechain';
  if (tag === targetTags.settlement) return 'settlement';
  throw new DecodeError(`unknown target ${tag}`);
}
