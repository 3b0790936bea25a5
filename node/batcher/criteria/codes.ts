/** Options of the batcher that contradict each other or themselves: it does not start with them (docs/errors.md). */
export const batcherOptionCodes = {
  BATCHER_OPTION_INVALID: 'an option of the batcher is not what it should be',
  BATCHER_RETENTION_TOO_SHORT: 'requests would be forgotten while their signatures are still fresh',
} as const;

export type BatcherOptionCode = keyof typeof batcherOptionCodes;
