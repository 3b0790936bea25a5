/** Codes of the settlement chain: why its mempool refuses a transaction, why its contract reverts one. Stable. */
export const chainCodes = {
  SETTLEMENT_CHAIN_MISMATCH: 'The transaction settles another sidechain than the one this contract knows.',
  SETTLEMENT_PROPOSER_UNKNOWN: 'The proposer is not a registered validator.',
  SETTLEMENT_SIGNATURE_INVALID: 'The signature is not by the proposer over this transaction and certificate.',
  SETTLEMENT_TIP_ABOVE_FEE_CAP: 'The tip per unit of gas is higher than the whole fee cap.',
  SETTLEMENT_GAS_ABOVE_LIMIT: 'Payload and certificate alone need more gas than a block has.',
  SETTLEMENT_SEQ_TOO_FAR: 'The batch lies too far ahead of the next one for the mempool to keep it.',
  SETTLEMENT_MEMPOOL_FULL: 'The mempool holds as many transactions of this proposer as it may.',
  SETTLEMENT_ATTEMPT_USED: 'This attempt of the proposer, or a later one, was included already and reverted.',
  SETTLEMENT_REPLACEMENT_UNDERPRICED:
    'A transaction of the same proposer, batch and attempt is waiting, and both fees are not 1.1 times its own.',
  SETTLEMENT_OUTBOX_CORRUPT: 'A row of the outbox does not hold the signed transaction its key names.',
  CROSS_CHAIN_DEPOSITS_FULL:
    'As many deposits for the sidechain are open as may be; one that ends makes room.',
  POSTED_INPUT_EMPTY: 'A post on the settlement chain holds no bytes.',
  POSTED_INPUT_TOO_LARGE: 'A post on the settlement chain is larger than one may be.',
  POSTED_INPUTS_FULL: 'As many posts wait for a block of the settlement chain as may; a block makes room.',
  SETTLEMENT_TRACE_REPEATS:
    'The base-fee trace has fewer rows than the run has settlement blocks and starts over.',
  NET_BATCH_ALREADY_SETTLED: 'The batch is settled; nothing is done.',
  BAD_RANGE: 'Sequence number or heights do not follow those settled last.',
  BAD_CERTIFICATE: 'The headers do not lead by parent links to one that the certificate finalises.',
  BAD_COMMITMENT: 'The batch is not the one its header commits to, or the actions do not carry out its net.',
  SLIPPAGE_EXCEEDED: 'A swap costs more than the transaction allows.',
  INSUFFICIENT_LIQUIDITY: 'A pool or the treasury holds too little.',
  TRANSFER_TIMEOUT: 'The transfer to the treasury timed out; nothing was moved.',
  OUT_OF_GAS: 'The transaction needs more gas than a block has.',
} as const;

export type ChainCode = keyof typeof chainCodes;
