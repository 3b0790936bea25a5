/** Codes of warnings about a run as a whole (docs/errors.md). */
export const simulationCodes = {
  QUORUM_BACK: 'after a loss of the quorum, more than two thirds of the voting power can agree again',
  QUORUM_LOST:
    'nodes are down, paused, silent or out of reach, and the rest is no quorum: no block becomes final',
  VERDICT_PROOF_INVALID: 'the bytes of a verdict do not prove that the slash was due',
} as const;
