/** Starts a batcher from its options: the entry of the library (docs/input-pipeline.md). */
import type { BatcherAdapter } from '../adapters/adapter.ts';
import { Batcher } from './batcher.ts';
import { type BatcherDependencies, type BatcherOptions, readSettings, readSurroundings } from './options.ts';

/**
 * Checks the options, starts the adapters, and then the rounds of each target, which first ask after what an earlier process left.
 * @returns A batcher that takes inputs. It owns adapters and storage from now on: also when it cannot start they are stopped and closed.
 * @throws {CodedError} `BATCHER_OPTION_INVALID`, `BATCHER_RETENTION_TOO_SHORT`; what an adapter throws that cannot start.
 */
export async function startBatcher(
  options: BatcherOptions,
  dependencies: BatcherDependencies,
): Promise<Batcher> {
  const started: BatcherAdapter[] = [];
  try {
    const settings = readSettings(options);
    for (const adapter of Object.values(settings.adapters)) {
      started.push(adapter);
      await adapter.start?.();
    }
    return new Batcher(settings, readSurroundings(dependencies));
  } catch (cause) {
    for (const adapter of started.reverse()) await adapter.stop?.().catch(() => undefined);
    await dependencies.storage.close().catch(() => undefined);
    throw cause;
  }
}
