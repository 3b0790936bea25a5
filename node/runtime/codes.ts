/** Codes of the real runtime: stores, gossip, requests, the settlement chain over the wire (docs/errors.md). */
export const runtimeCodes = {
  MESSAGE_TOO_LARGE: 'a gossip message above the size limit',
  NODE_OVERLOADED: 'more waits for this node than it will take on',
  NODE_STOPPED: 'the node is about to stop, or has stopped',
  P2P_LISTEN_FAILED: 'the address on which the node is to hear its peers cannot be used',
  PEER_IS_SELF: 'a peer shows the validator key of this very node',
  PEER_NOT_READY: 'the message came before this node was ready for any',
  PEER_SCORE_LOW: 'a peer sent too much that was wrong, and was disconnected',
  PEER_SILENT: 'a peer did not say in time which validator it is',
  PEER_STATEMENT_INVALID: 'the statement that is to bind a peer to a validator does not hold',
  PEER_STREAM_LOST: 'gossip with a peer broke off, and the connection was ended so that it can begin anew',
  PEER_UNKNOWN: 'a peer is none of the validators',
  SETTLEMENT_LISTEN_FAILED: 'the address at which the settlement chain is to answer cannot be used',
  SETTLEMENT_OTHER_CHAIN: 'the settlement chain that answers was made for another genesis',
  STORE_LOCKED: 'another process has the store open',
  STORE_OTHER_CHAIN: 'the store holds the data of another chain',
  STORE_UNREADABLE: 'the data directory or the store in it cannot be read or created',
  STORE_VERSION: 'the store was written in a format that this version does not read',
  STORE_WRITE_FAILED: 'the machine did not take a write',
} as const;

export type RuntimeCode = keyof typeof runtimeCodes;
