/** Codes with which agreement, and the encoding beneath everything, answers what comes from outside (docs/errors.md). */
export const consensusCodes = {
  ENCODING_INVALID: 'the bytes are not the canonical encoding of what they should be',
  CERTIFICATE_DUPLICATE: 'a certificate of this kind and view is known already',
  CERTIFICATE_MALFORMED: 'signers are not ascending, or signers and signatures differ in number',
  CERTIFICATE_NO_QUORUM: 'the signers hold no more than two thirds of the voting power',
  CERTIFICATE_SIGNATURE_INVALID: 'the signature of one signer does not verify',
  CERTIFICATE_SIGNER_UNKNOWN: 'a signer is not in the validator set',
  CERTIFICATE_STALE: 'the certificate is of a view that is final already',
  EVIDENCE_NOT_EQUIVOCATION: 'the two messages may stand beside each other, or are not in their order',
  EVIDENCE_SIGNATURE_INVALID: 'the accused did not sign one of the two messages',
  PROPOSAL_BODY_INVALID:
    'the block does not carry the body that its header names, or an item of it is not signed as it must be',
  PROPOSAL_DUPLICATE: 'this proposal is known already',
  PROPOSAL_INVALID: 'block and vote do not belong together, or the view has another leader',
  PROPOSAL_STALE: 'the proposal is of a view that is final already',
  VOTE_EQUIVOCATION_KNOWN: 'an equivocation of this voter in this view is proven already',
  VOTE_DUPLICATE: 'this vote is known already',
  VOTE_SIGNATURE_INVALID: 'the signature of the vote does not verify',
  VOTE_STALE: 'the vote is of a view that is final already',
  VOTE_TOO_FAR_AHEAD: 'the vote is of a view so far ahead that this node must catch up first',
  VOTE_VOTER_UNKNOWN: 'the voter is not in the validator set',
} as const;

export type ConsensusCode = keyof typeof consensusCodes;
