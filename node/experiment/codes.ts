/** Codes of experiments (docs/errors.md). */
export const experimentCodes = {
  EXPERIMENT_CELL_LOST: 'a run of the sweep ended without a result, again and again',
  EXPERIMENT_EMPTY: 'the sweep has no point, or a run in it has no block',
  EXPERIMENT_TOO_LARGE: 'the sweep has more points or runs than there may be',
  EXPERIMENT_LIMIT_UNKNOWN: 'a limit is set on the exposure of an asset that the ledger does not have',
  EXPERIMENT_INPUT_CHANGED: 'the scenario or a file it names changed while the sweep went on',
} as const;

export type ExperimentCode = keyof typeof experimentCodes;
