/** Codes of block execution beyond those of ledger and net law (docs/errors.md); transaction.ts has those of the envelope. */
export const executionCodes = {
  FEE_PROPOSAL_NOT_OWN: 'only the validator itself proposes and votes in its name',
  INPUT_ALREADY_EXECUTED: 'this input was executed before, whatever became of it',
  INPUT_EXPIRED: 'the signed timestamp of the input lies too far back for the ledger to execute it any more',
  INPUT_TOO_EARLY: 'the signed timestamp of the input lies further ahead of the block than the chain allows',
  OPERATOR_ONLY: 'only an operator may send this transaction',
  TRANSACTION_EXPIRED: 'the last height at which the transaction may stand has passed',
  TRANSACTION_TOO_EARLY: 'the transaction may stand at a later height only',
  UNJAIL_NOT_OWN: 'only the jailed validator itself may ask for its release',
} as const;

export type ExecutionCode = keyof typeof executionCodes;
