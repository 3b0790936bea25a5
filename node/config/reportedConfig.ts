/** What of a configuration others may see: a run reads it. The rest is a node's own, and some of it is secret. */
import { isOwnBatcherKey, sharedBatcherOf } from './batcherConfig.ts';
import { type Plain, plainConfigOf } from './plainConfig.ts';
import type { Config } from './types.ts';

/** Groups of the configuration that no simulation reads, some of which hold secrets. */
const privateGroups: readonly string[] = ['node', 'p2p', 'api', 'storage', 'log', 'auto_batch'];

/** Whether a key, in either spelling, belongs to the machine of a node. */
export function isPrivateKey(group: string, key: string): boolean {
  return privateGroups.includes(group) || (group === 'batcher' && isOwnBatcherKey(key));
}

/** The configuration of a run without what belongs to the machine of a node. */
export function reportedConfigOf(config: Config): Plain {
  const { batcher = {}, ...groups } = plainConfigOf(config);
  const shared = sharedBatcherOf(batcher as object);
  return {
    ...Object.fromEntries(Object.entries(groups).filter(([group]) => !privateGroups.includes(group))),
    ...(Object.keys(shared).length === 0 ? {} : { batcher: shared }),
  };
}
