/** Codes with which the node answers messages, blocks and stored rows, beyond those of the rooms below (docs/errors.md). */
export const coreCodes = {
  BLOCK_EVIDENCE_INVALID: 'the block carries evidence that does not hold',
  BLOCK_ROOT_MISMATCH: 'executing the block gives other roots than its header names',
  BLOCK_SETTLEMENT_FOREIGN: 'the origin of the block tells of a settlement that its chain did not seal',
  BLOCK_TOO_LARGE: 'the block holds more transactions or bytes than genesis allows',
  BLOCK_TRANSACTION_INVALID: 'the block carries a transaction that cannot stand in it',
  COMPLETION_CONTRADICTS_CHAIN: 'the block that the message names did not settle those batches so',
  COMPLETION_PROPOSER_UNKNOWN: 'the signer of the completion is not in the validator set',
  COMPLETION_SIGNATURE_INVALID: 'the signature of the completion does not verify',
  COMPLETION_UNKNOWN: 'this node does not hold the block that the completion names',
  EVIDENCE_DUPLICATE: 'evidence against this validator is known or executed already, or the pool is full',
  MEMPOOL_DUPLICATE: 'this transaction waits already',
  MEMPOOL_FULL: 'as many transactions wait as the mempool holds',
  MEMPOOL_NONCE_TAKEN: 'another transaction of the sender with this nonce waits already',
  MEMPOOL_SENDER_FULL: 'as many transactions of this sender wait as one sender may have',
  SETTLEMENT_ORIGIN_MISSING:
    'blocks of this chain build on a settlement block where the settlement chain of this node has another: the node waits',
  SETTLEMENT_REACHABLE: 'calls to the settlement chain are answered again after an outage',
  SETTLEMENT_REORG_BELOW_ORIGIN:
    'the settlement chain no longer has a block that notarised blocks of this chain build on',
  SETTLEMENT_PAUSED: 'an operator holds back the settlements of this node, whose duties run on all the same',
  SETTLEMENT_UNKNOWN: 'the block cannot be executed until more of the settlement chain is known here',
  SETTLEMENT_UNREACHABLE: 'several calls to the settlement chain failed in a row; told once an outage',
  STORE_CORRUPT: 'a stored row is missing or cannot be read',
  SYNC_HISTORY_GONE: 'this node was away for longer than its peers keep blocks, and cannot catch up',
  SYNC_UNASKED: 'an answer to a request that this node did not make, or no longer waits for',
  TRANSACTION_TOO_LARGE: 'no block has room for the transaction',
  TOPIC_UNKNOWN: 'the message came on a topic that nodes do not have',
  VOTES_EMPTY: 'the message carries neither a vote nor a certificate',
} as const;

export type CoreCode = keyof typeof coreCodes;
