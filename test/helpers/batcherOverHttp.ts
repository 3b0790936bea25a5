/** A real batcher over a real storage behind the real server; its target opens no batch before one is full. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatcherAdapter } from '../../node/batcher/adapters/adapter.ts';
import { signInputAsEvmAccount } from '../../node/batcher/input/inputSignature.ts';
import { parsePlainInput } from '../../node/batcher/input/plainInput.ts';
import { SidechainGrammar } from '../../node/batcher/input/sidechainGrammar.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import type { Batcher } from '../../node/batcher/pipeline/batcher.ts';
import type { BatcherOptions } from '../../node/batcher/pipeline/options.ts';
import { startBatcher } from '../../node/batcher/pipeline/startBatcher.ts';
import type { InputStorage, InputStorageLimits, Tally } from '../../node/batcher/storage/inputStorage.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { rules as atomic } from '../unit/settlement/atomic/atomicFixture.ts';
import { rules as ledger } from '../unit/settlement/ledger/ledgerFixture.ts';
import { ApiHarness, type ApiHarnessOptions } from './apiHarness.ts';
import { createLineAdapter } from './lineAdapter.ts';

/** Wall clock of the batcher. */
export const nowMs = 1_763_740_800_000;
const [firstAsset] = ledger.assets;
if (firstAsset === undefined) throw new Error('the fixture has no assets');
/** One more, whose signed text is that of the first. */
export const alikeAsset = firstAsset.symbol.toLowerCase();
const grammar = new SidechainGrammar({
  ledger: { ...ledger, assets: [...ledger.assets, { ...firstAsset, symbol: alikeAsset }] },
  atomic,
});
const unlimited = { burst: 1e9, perSecond: 1e9, keysMax: 10 };

export interface BatcherOverHttpOptions extends Partial<Omit<BatcherOptions, 'adapters'>> {
  /** `inputs: null`: the server has no batcher, and the storage stays as it is. */
  readonly api?: ApiHarnessOptions;
  readonly storageLimits?: Partial<InputStorageLimits>;
  /** Around the storage. */
  readonly wrap?: (storage: InputStorage) => InputStorage;
  readonly adapter?: Partial<BatcherAdapter>;
}

export class BatcherOverHttp {
  readonly api: ApiHarness;
  readonly batcher: Batcher;
  readonly #storage: InputStorage;
  readonly #folder: string;

  private constructor(api: ApiHarness, batcher: Batcher, storage: InputStorage, folder: string) {
    this.api = api;
    this.batcher = batcher;
    this.#storage = storage;
    this.#folder = folder;
  }

  static async start(options: BatcherOverHttpOptions = {}): Promise<BatcherOverHttp> {
    const { api: apiOptions, storageLimits = {}, wrap = (storage) => storage, adapter, ...given } = options;
    const folder = mkdtempSync(join(tmpdir(), 'sidereal-inputs-'));
    const storage = await openInputStorage({
      type: 'level',
      directory: join(folder, 'inputs'),
      limits: storageLimits,
    });
    const line = createLineAdapter(join(folder, 'chain'));
    const sidechain: BatcherAdapter = {
      ...line,
      inputBytesMax: 262_144,
      validateInput: ({ input, address }) => grammar.parse(input, address.toLowerCase()),
      ...adapter,
    };
    const never = { criteriaType: 'time', timeWindowMs: 86_400_000 } as const;
    const batcher = await startBatcher(
      {
        adapters: {
          sidechain,
          small: { ...line, inputBytesMax: 50, validateInput: ({ input }) => parsePlainInput(input) },
        },
        defaultTarget: 'sidechain',
        batchingCriteria: { sidechain: never, small: never },
        rateLimits: { client: unlimited, account: unlimited },
        ...given,
      },
      { storage: wrap(storage), wallClock: () => nowMs },
    );
    const api = await ApiHarness.start({ inputs: batcher, ...apiOptions });
    return new BatcherOverHttp(api, batcher, storage, folder);
  }

  tallies(): Promise<readonly Tally[]> {
    return this.#storage.tallies();
  }

  async stop(): Promise<void> {
    await this.batcher.stop();
    await this.api.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Wish {
  readonly target?: string;
  readonly timestampMs?: number;
  /** Byte that the secret key is made of. */
  readonly key?: number;
}

/** An input that somebody signed now. */
export function signedInput(
  input: string,
  { target, timestampMs = nowMs, key = 1 }: Wish = {},
): BatcherInput {
  const timestamp = String(timestampMs);
  return signInputAsEvmAccount({ input, target, timestamp }, new Uint8Array(32).fill(key));
}
