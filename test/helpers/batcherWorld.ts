/** A batcher with one target over a fake chain, in memory and in virtual time. */
import type { BatcherAdapter } from '../../node/batcher/adapters/adapter.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import type { Batcher } from '../../node/batcher/pipeline/batcher.ts';
import type { BatcherEvent } from '../../node/batcher/pipeline/events.ts';
import type { BatcherOptions } from '../../node/batcher/pipeline/options.ts';
import { startBatcher } from '../../node/batcher/pipeline/startBatcher.ts';
import type { InputStorage } from '../../node/batcher/storage/inputStorage.ts';
import { requestIdOf } from '../../settlement/input/requestId.ts';
import { signedTextOf } from '../../settlement/input/signedText.ts';
import { FakeAdapter, type FakeAdapterOptions, FakeChain } from './fakeChain.ts';
import { MemoryShelf, openMemoryInputs } from './memoryInputs.ts';
import { VirtualTime } from './virtualTime.ts';

export interface WorldOptions extends Omit<Partial<BatcherOptions>, 'adapters'> {
  readonly adapter?: FakeAdapterOptions;
  readonly adapters?: Readonly<Record<string, BatcherAdapter>>;
}

export interface BatcherWorld {
  readonly time: VirtualTime;
  readonly chain: FakeChain;
  readonly adapter: FakeAdapter;
  readonly shelf: MemoryShelf;
  readonly events: BatcherEvent[];
  /** Of one type, in order. */
  of<Type extends BatcherEvent['type']>(
    type: Type,
  ): readonly Extract<BatcherEvent, { readonly type: Type }>[];
  /** On the same storage and chain. @param storage - In place of the one in memory. */
  start(changes?: WorldOptions, storage?: InputStorage): Promise<Batcher>;
}

/** No client is held back by rates, and a batch is opened at the first round unless a test says otherwise. */
const rate = { burst: 1_000_000, perSecond: 1_000_000, keysMax: 10 };

export function createBatcherWorld(options: WorldOptions = {}): BatcherWorld {
  const time = new VirtualTime();
  const chain = new FakeChain();
  const adapter = new FakeAdapter(chain, options.adapter);
  const shelf = new MemoryShelf();
  const events: BatcherEvent[] = [];
  const start = (changes: WorldOptions = {}, storage = openMemoryInputs(shelf)): Promise<Batcher> => {
    const { adapter: _, ...given } = { ...options, ...changes };
    const adapters = given.adapters ?? { fake: adapter };
    const batchingCriteria = Object.fromEntries(
      Object.keys(adapters).map((name) => [name, { criteriaType: 'time', timeWindowMs: 1 } as const]),
    );
    return startBatcher(
      {
        ...{ defaultTarget: 'fake', batchingCriteria, rateLimits: { client: rate, account: rate } },
        ...given,
        adapters,
      },
      {
        storage,
        emit: (event) => events.push(event),
        wallClock: () => time.nowMs,
        now: () => time.nowMs,
        wait: time.wait,
        random: () => 0.5,
      },
    );
  };
  const of = <Type extends BatcherEvent['type']>(type: Type) =>
    events.filter((event): event is Extract<BatcherEvent, { readonly type: Type }> => event.type === type);
  return { time, chain, adapter, shelf, events, of, start };
}

/** A request that the fake adapter takes: one for each number. */
export function requestOf(
  number: number,
  changes: Partial<BatcherInput> & { readonly confirmationLevel?: string } = {},
): { readonly data: Partial<BatcherInput>; readonly confirmationLevel?: string } {
  const { confirmationLevel, ...data } = changes;
  return {
    data: {
      address: `0x${String(number).padStart(40, '0')}`,
      addressType: 0,
      input: `deposit|${number}`,
      signature: '0xff',
      timestamp: '1763740800000',
      ...data,
    },
    ...(confirmationLevel === undefined ? {} : { confirmationLevel }),
  };
}

/** The id of such a request. */
export function idOf(number: number): string {
  const { data } = requestOf(number);
  const input = data as BatcherInput;
  return requestIdOf(0, input.address, signedTextOf(input, ''));
}
