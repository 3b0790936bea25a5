/** Codes that net law refuses with. Codes of reverts are the settlement contract's. */
export const netCodes = {
  BATCH_SIZE_OUT_OF_RANGE: 'A batch size is not a whole number of blocks between 1 and the hard limit.',
  VALIDATOR_UNKNOWN: 'No validator of the genesis set has this index.',
  UNJAIL_NOT_JAILED: 'Only a jailed validator can leave jail.',
  UNJAIL_TOO_EARLY: 'The jail time is not over; details name the height from which it is.',
  UNJAIL_TOMBSTONED: 'An equivocation ended this validator’s eligibility for good.',
} as const;

export type NetCode = keyof typeof netCodes;
