/** Codes of block execution beyond those of ledger and net law (docs/errors.md); transaction.ts has those of the envelope. */
export const executionCodes = {
  FEE_PROPOSAL_NOT_OWN: 'only the validator itself proposes and votes in its name',
  OPERATOR_ONLY: 'only an operator may send this transaction',
  TRANSACTION_EXPIRED: 'the last height at which the transaction may stand has passed',
  TRANSACTION_TOO_EARLY: 'the transaction may stand at a later height only',
  UNJAIL_NOT_OWN: 'only the jailed validator itself may ask for its release',
} as const;

export type ExecutionCode = keyof typeof executionCodes;
