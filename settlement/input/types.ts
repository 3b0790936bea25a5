/** Shapes of a user's input as the ledger has it: written by no user, only read back into the text that the user signed. */
import type { Address } from '../../consensus/primitives/flavor.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import type { AtomicBatchOperation } from '../atomic/types.ts';
import type { CommandOperation } from './command.ts';

/** How an account signs: 0 an EVM account by EIP-191 `personal_sign`, 200 an ed25519 key that is its own address. */
export type AddressType = 0 | 200;

/** Fixed for a run; part of genesis. */
export interface InputRules {
  /** First part of every text that users sign; what tells chains apart. */
  readonly namespace: string;
  /** Whether an input without a target means this ledger: it does where the default target of the network's nodes leads here. */
  readonly takesUntargeted: boolean;
  /** How long after its timestamp an input may still be executed, in ms. */
  readonly spanMs: number;
  /** How far a timestamp may lie ahead of the block's, in ms. */
  readonly futureMs: number;
}

/** Names of targets that lead to this ledger: in its own transactions, or by way of the settlement chain. */
export const ledgerTargets = ['sidechain', 'settlement'] as const;
export type LedgerTarget = (typeof ledgerTargets)[number];

/** How the user wrote it: `command|argument|…`, or a transaction as sealed JSON. */
export type InputForm = 'command' | 'json';

/** What inputs can ask for. */
export type InputBody = CommandOperation | AtomicBatchOperation;

/** Everything of an input that its account signed. */
export interface SignedInput {
  readonly from: Address;
  /** Ms since 1970, 13 digits. */
  readonly timestamp: number;
  /** Undefined: it names none. */
  readonly target: LedgerTarget | undefined;
  readonly form: InputForm;
  readonly body: InputBody;
  /** Of those who authorise an atomic batch beside the account, in their order; the text holds them. */
  readonly cosignatures: readonly Signature[];
}
