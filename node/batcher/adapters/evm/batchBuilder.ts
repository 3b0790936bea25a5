/** Which of the inputs that wait make one transaction: as many as fit by bytes and by gas, none that the chain would undo. */
import { assert } from '../../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { AdapterError, type QueuedInput } from '../adapter.ts';
import { type EvmNode, NodeRefusal } from './evmNode.ts';
import { encodeInboxCalldata, inboxHeadBytes, postedInputBytes } from './inboxCalldata.ts';

export interface BuildingLimits {
  readonly namespace: string;
  readonly batchBytesMax: number;
  readonly gasMax: number;
}

export interface BuiltBatch {
  /** How many of the inputs, from the first one. */
  readonly count: number;
  readonly calldata: string;
  /** Undefined: even alone the first input would be undone. */
  readonly gas: number | undefined;
  readonly refusal: string | undefined;
}

/** A quarter more than the estimate: between estimate and execution a contract may come to need more. */
const GAS_MARGIN = 1.25;

type Trial = { readonly gas: number } | { readonly refusal: string };

/**
 * Where the chain would undo the batch, the inputs before the one to blame are taken, and that one next time, alone.
 * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: the account cannot pay.
 */
export async function buildBatch(
  node: EvmNode,
  accounts: { readonly from: Address; readonly to: Address },
  inputs: readonly QueuedInput[],
  limits: BuildingLimits,
): Promise<BuiltBatch> {
  const encodeFirst = (count: number): string =>
    encodeInboxCalldata({
      namespace: limits.namespace,
      inputs: inputs.slice(0, count).map(({ data }) => data),
    });
  const trials = new Map<number, Trial>();
  const tryFirst = async (count: number): Promise<Trial> => {
    const trial = await tryCalldata(node, { ...accounts, data: encodeFirst(count) }, limits.gasMax);
    trials.set(count, trial);
    return trial;
  };
  let good = 0;
  let bad = countFitting(inputs, limits) + 1;
  let count = bad - 1;
  // All that fit, and only where that fails by halves.
  while (bad - good > 1) {
    if ('gas' in (await tryFirst(count))) good = count;
    else bad = count;
    count = Math.ceil((good + bad) / 2);
  }
  const chosen = Math.max(good, 1);
  const trial = trials.get(chosen);
  assert(trial !== undefined, 'the batch that is taken was tried');
  const calldata = encodeFirst(chosen);
  return 'gas' in trial
    ? { count: chosen, calldata, gas: trial.gas, refusal: undefined }
    : { count: chosen, calldata, gas: undefined, refusal: trial.refusal };
}

/** By bytes; at least one, which the door has seen to fit. */
function countFitting(inputs: readonly QueuedInput[], { namespace, batchBytesMax }: BuildingLimits): number {
  let bytes = inboxHeadBytes(namespace);
  let count = 0;
  for (const { data } of inputs) {
    bytes += postedInputBytes(data);
    if (bytes > batchBytesMax && count > 0) break;
    count += 1;
  }
  return count;
}

async function tryCalldata(
  node: EvmNode,
  call: { readonly from: Address; readonly to: Address; readonly data: string },
  gasMax: number,
): Promise<Trial> {
  try {
    const gas = await node.estimateGas(call);
    if (gas > gasMax) return { refusal: `it needs ${gas} gas, at most ${gasMax} may be used` };
    return { gas: Math.min(Math.ceil(gas * GAS_MARGIN), gasMax) };
  } catch (cause) {
    if (!(cause instanceof NodeRefusal)) throw cause;
    if (isUndone(cause)) return { refusal: cause.message };
    throw new AdapterError('BATCHER_TARGET_UNREACHABLE', `the gas of a batch is not told: ${cause.message}`, {
      blame: 'infrastructure',
      cause,
    });
  }
}

/** Ends of an execution in the words of geth, reth and anvil: code 3 stands for a revert, and for the rest there is none. */
const UNDONE =
  /revert|EVM error|invalid (?:opcode|jump)|stack (?:under|over)flow|out of gas|gas required exceeds|exceeds (?:block )?gas limit/i;

/** What is not known to be an end of the execution blames no input: it is tried again later. */
function isUndone({ rpcCode, message }: NodeRefusal): boolean {
  return !/insufficient funds/i.test(message) && (rpcCode === 3 || UNDONE.test(message));
}
