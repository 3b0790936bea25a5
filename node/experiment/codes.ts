/** Codes of experiments (docs/errors.md). */
export const experimentCodes = {
  EXPERIMENT_CELL_LOST: 'a run of the sweep ended without a result, again and again',
  EXPERIMENT_EMPTY: 'the sweep has no point, or a run in it has no block',
  EXPERIMENT_TOO_LARGE:
    'the sweep has more points or runs than there may be, or more text and traces than a queue takes',
  EXPERIMENT_LIMIT_UNKNOWN: 'a limit is set on the exposure of an asset that the ledger does not have',
  EXPERIMENT_INPUT_CHANGED: 'the scenario or a file it names changed while the sweep went on',
  EXPERIMENT_PACKAGE_DAMAGED: 'what a queue holds of a sweep is not what was put into it',
  QUEUE_ADDRESS_INVALID: 'what `--queue` names is no address of a job queue',
  QUEUE_DRIVER_MISSING: 'the packages behind `--queue` are not installed',
  QUEUE_LOST: 'the server of the queue was there, and then did not answer for too long',
  QUEUE_REFUSED: 'the server of the queue refuses the user, the password, the database or the request',
  QUEUE_UNREACHABLE: 'the server of the queue does not answer',
} as const;

export type ExperimentCode = keyof typeof experimentCodes;
