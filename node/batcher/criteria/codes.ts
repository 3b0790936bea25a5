/** Options of the batcher that contradict each other or themselves: it does not start with them (docs/errors.md). */
export const batcherOptionCodes = {
  BATCHER_OPTION_INVALID: 'an option of the batcher is not what it should be',
  BATCHER_RETENTION_TOO_SHORT: 'requests would be forgotten while their signatures are still fresh',
  CRITERIA_EXPORT_INVALID: 'what a module exports under the name of batching criteria is not a function',
  CRITERIA_EXPORT_UNKNOWN: 'a module of batching criteria does not export that name',
  CRITERIA_MODULE_UNREADABLE: 'a module of batching criteria does not exist, or throws while it is loaded',
} as const;

export type BatcherOptionCode = keyof typeof batcherOptionCodes;
