/**
 * The log of one life of a real node's process: a head with all that its core was made of but the secret key, then what
 * the core took in. A process that was killed leaves a log without an end; what it had written by then is whole.
 */
import type { PublicKey } from '../../consensus/primitives/flavor.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { NodeOptions } from '../core/ports.ts';
import { type ByteSource, damaged, MAGIC, readFrames, readPayload } from './frames.ts';
import { type RecordedInput, readInputs } from './inputLog.ts';
import { readPlain } from './plainValue.ts';

/** How a life ended, as far as its log says. `torn`: the process was killed, or still runs. */
export type LifeEnd = 'stopped' | 'full' | 'torn';

export interface NodeLog {
  readonly life: number;
  readonly options: NodeOptions;
  /** Read as they are asked for. */
  readonly inputs: Iterable<RecordedInput>;
  /** Known once all inputs are read. */
  readonly end: LifeEnd;
  /** Known then too: bytes at the end that are no whole frame. */
  readonly tornBytes: number;
}

interface PlainValidator {
  readonly name: string;
  readonly publicKey: PublicKey;
  readonly power: number;
}

/** Options as plain values; the validator set is an instance of a class. */
interface PlainHead {
  readonly life: number;
  readonly options: Omit<NodeOptions, 'genesis'>;
  readonly genesis: Omit<Genesis, 'validators'>;
  readonly validators: readonly PlainValidator[];
}

export function headOf(
  life: number,
  { genesis: { validators, ...genesis }, ...options }: NodeOptions,
): PlainHead {
  return {
    life,
    options,
    genesis,
    validators: validators.validators.map(({ name, publicKey, power }) => ({ name, publicKey, power })),
  };
}

/**
 * @returns Undefined when the process ended before the head of its log was written.
 * @throws {CodedError} `INPUT_LOG_DAMAGED`, also while inputs are read. Says where.
 */
export function readNodeLog(source: ByteSource): NodeLog | undefined {
  let torn = 0;
  const frames = readFrames(source, (byteCount) => {
    torn = byteCount;
  });
  const first = frames.next();
  if (first.done === true) return undefined;
  if (first.value.kind !== 'node') throw damaged(MAGIC.length, 'it is not of one node');
  const { life, options, genesis, validators } = readPayload(first.value, (reader) =>
    readPlain(reader),
  ) as PlainHead;
  const log: { -readonly [Key in keyof NodeLog]: NodeLog[Key] } = {
    life,
    options: { ...options, genesis: { ...genesis, validators: new ValidatorSet(validators) } },
    inputs: readInputs(frames, {
      ended: (isCut) => {
        log.end = isCut ? 'full' : 'stopped';
      },
      unended: () => {
        log.tornBytes = torn;
      },
    }),
    end: 'torn',
    tornBytes: 0,
  };
  return log;
}
