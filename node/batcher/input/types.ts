/** Shapes of one user input, as it comes over HTTP and as it is once judged (names as existing clients have them). */
import type { Address, Hash } from '../../../consensus/primitives/flavor.ts';
import type { AddressType } from '../../../settlement/input/types.ts';
import type { ConfirmationLevel } from '../criteria/confirmationLevel.ts';

/** What a user signs and sends. Texts are as they came. */
export interface BatcherInput {
  /** `0x` hex in any case: 20 bytes for an EVM account, 32 for an ed25519 key. */
  readonly address: string;
  readonly addressType: AddressType;
  /** What is asked for: `command|argument|…`, or sealed JSON (sealedJson.ts). */
  readonly input: string;
  /** `0x` hex: 65 bytes of an EVM account, 64 of an ed25519 key. */
  readonly signature: string;
  /** Ms since 1970, 13 digits. */
  readonly timestamp: string;
  /** Undefined: the default one; it then counts as empty in what is signed. */
  readonly target: string | undefined;
}

/** A whole request. */
export interface InputRequest {
  readonly data: BatcherInput;
  readonly confirmationLevel: ConfirmationLevel | undefined;
}

/** An input that passed every check and may be stored. */
export interface AdmittedInput<Command = unknown> {
  readonly requestId: Hash;
  /** Where it goes: the one it names, or the default one. */
  readonly target: string;
  /** Lower case. */
  readonly account: Address;
  readonly data: BatcherInput;
  /** What the grammar of the target made of it. */
  readonly command: Command;
}
