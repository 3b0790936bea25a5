/** The inputs of one block: which may stand in it, and what became of them. */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import { inputMarkOf, markInput, turnMarks } from '../input/marks.ts';
import { findUntimely } from '../input/timeliness.ts';
import type { State } from '../state.ts';
import { executionCodes } from './codes.ts';
import type { Genesis } from './genesis.ts';
import { type InputParts, inputRequestId } from './inputAuth.ts';

/** An input that was executed in a block. Its mark in the state says the same for as long as it stays. */
export interface InputFact {
  readonly type: 'input_executed';
  readonly requestId: Hash;
  readonly transactionId: Hash;
  readonly from: Address;
  /** `ok`, or the code with which it failed. */
  readonly result: string;
  /** Whether it was a transaction of the block, or came by the settlement chain. */
  readonly route: 'transaction' | 'posted';
}

export type InputRefusal = 'INPUT_EXPIRED' | 'INPUT_TOO_EARLY' | 'INPUT_ALREADY_EXECUTED';

export class InputBook {
  readonly #genesis: Genesis;
  readonly #state: State;
  readonly #block: { readonly height: Height; readonly timestampMs: TimeMs };
  readonly #facts: InputFact[] = [];

  constructor(
    genesis: Genesis,
    state: State,
    block: { readonly height: Height; readonly timestampMs: TimeMs },
  ) {
    this.#genesis = genesis;
    this.#state = state;
    this.#block = block;
  }

  /** @returns The id of the request, if its time is right and it was not executed before. Changes nothing. */
  admit(parts: InputParts): Verdict<Hash, InputRefusal> {
    const { inputs } = this.#genesis;
    const { timestamp } = parts.auth;
    const blockMs = blockEpochMs(this.#genesis, this.#block.timestampMs);
    const untimely = findUntimely(timestamp, blockMs, inputs);
    if (untimely !== undefined) {
      return refuse(untimely, executionCodes[untimely], { timestamp_ms: timestamp, block_ms: blockMs });
    }
    const requestId = inputRequestId(parts, inputs.namespace);
    const mark = inputMarkOf(this.#state, requestId);
    if (mark === undefined) return accept(requestId);
    const { height, result } = mark;
    return refuse('INPUT_ALREADY_EXECUTED', executionCodes.INPUT_ALREADY_EXECUTED, { height, result });
  }

  /** Marks an input that was executed, however it ended. */
  enter(fact: Omit<InputFact, 'type'>): void {
    const { requestId, transactionId, result } = fact;
    markInput(this.#state, requestId, { height: this.#block.height, transactionId, result });
    this.#facts.push({ type: 'input_executed', ...fact });
  }

  /** Ends the block. */
  close(): readonly InputFact[] {
    const requestIds = this.#facts.map(({ requestId }) => requestId);
    const { timestampMs } = this.#block;
    turnMarks(this.#state, this.#genesis.inputs, { timestampMs, requestIds });
    return this.#facts;
  }
}

/**
 * The time of a block in ms since 1970, as certificates and inputs have it. Everybody who holds the time of an input against
 * that of a block asks here.
 */
export function blockEpochMs({ atomic }: Pick<Genesis, 'atomic'>, timestampMs: TimeMs): number {
  return atomic.proofs.genesisMs + timestampMs;
}
