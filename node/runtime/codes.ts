/** Codes of the real runtime: stores, gossip, requests, the settlement chain over the wire (docs/errors.md). */
export const runtimeCodes = {
  STORE_LOCKED: 'another process has the store open',
  STORE_OTHER_CHAIN: 'the store holds the data of another chain',
  STORE_UNREADABLE: 'the data directory or the store in it cannot be read or created',
  STORE_VERSION: 'the store was written in a format that this version does not read',
  STORE_WRITE_FAILED: 'the machine did not take a write',
} as const;

export type RuntimeCode = keyof typeof runtimeCodes;
