/**
 * Who carries the batches of commands: an account of the node, by signed inputs. They have no nonce, so a carrier that was lost,
 * refused or late stands in no other's way. The carrier authorises nothing, and needs no money.
 */
import { toHex, utf8 } from '../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../consensus/primitives/ed25519.ts';
import type { Address, Height, TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { AtomicBatch } from '../../../settlement/atomic/types.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { signedTextOfInput } from '../../../settlement/execution/inputAuth.ts';
import { blockEpochMs } from '../../../settlement/execution/inputBook.ts';
import { createInputTransaction } from '../../../settlement/execution/inputTransaction.ts';
import type { SignedInput } from '../../../settlement/input/types.ts';

/**
 * Most blocks that a command may wait for, where the chain lets batches and inputs wait for longer: what is lost is sent again
 * after about a minute of default blocks.
 */
const COMMAND_BLOCKS_MAX = 32;

/** The newest final block. */
export interface FinalBlock {
  readonly height: Height;
  readonly timestampMs: TimeMs;
}

/** Blocks above a final one in which a command that is made then may be executed: at least one. */
export function commandBlocksOf({ atomic, inputs, blockTimeMs }: Genesis): number {
  const freshBlocks = Math.floor((inputs.spanMs + inputs.futureMs) / blockTimeMs);
  return Math.max(1, Math.min(COMMAND_BLOCKS_MAX, atomic.timeoutBlocks, freshBlocks));
}

export class Carrier {
  readonly address: Address;
  readonly #genesis: Genesis;
  readonly #secretKey: Uint8Array;

  /** @param secretKey - Of an ed25519 key, which is the account. */
  constructor(genesis: Genesis, secretKey: Uint8Array) {
    this.#genesis = genesis;
    this.#secretKey = secretKey;
    this.address = toHex(ed25519.publicKeyOf(secretKey));
  }

  /**
   * The transaction with this batch, which leaves no record when it is too late; a chain that stands still for as long as the
   * blocks up to its last height would take loses it. The same batch above the same final block is the same one.
   */
  carry(batch: AtomicBatch, final: FinalBlock): Uint8Array {
    return this.#sign(batch, this.#untracedAbove(batch, final));
  }

  /**
   * The transaction with this batch, which no block is too late for but those above its last height, however long they take:
   * executed there, it leaves a record of failure under the id. The same batch above the same final block is the same one.
   */
  carryToEnd(batch: AtomicBatch, { timestampMs }: FinalBlock): Uint8Array {
    return this.#sign(batch, blockEpochMs(this.#genesis, timestampMs));
  }

  #sign(batch: AtomicBatch, timestamp: number): Uint8Array {
    const { chainId, inputs } = this.#genesis;
    const input: SignedInput = {
      from: this.address,
      timestamp,
      target: 'sidechain',
      form: 'json',
      body: { type: 'atomic_batch', batch, signers: [] },
      cosignatures: [],
    };
    const text = signedTextOfInput(input, inputs.namespace);
    return createInputTransaction(chainId, input, ed25519.sign(this.#secretKey, utf8(text))).bytes;
  }

  /**
   * So that the input is too old for every block above the last height of its batch: one that is executed there leaves a record
   * of failure under the id, which no attempt could have any more. Blocks have at least `blockTimeMs` between them, so the
   * first that is above lies beyond the time that the last height has at the soonest.
   */
  #untracedAbove({ expiresAtHeight }: AtomicBatch, { height, timestampMs }: FinalBlock): number {
    const { blockTimeMs, inputs } = this.#genesis;
    const lastMs = timestampMs + (expiresAtHeight - height) * blockTimeMs;
    return blockEpochMs(this.#genesis, lastMs) - inputs.spanMs;
  }
}
