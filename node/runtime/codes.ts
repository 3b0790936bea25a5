/** Codes of the real runtime: stores, gossip, requests, the settlement chain over the wire (docs/errors.md). */
export const runtimeCodes = {
  FRAME_INVALID: 'gossip that is no message of the protocol at all',
  FRAME_TOO_LARGE: 'more gossip in one piece than any node sends',
  MESSAGE_SIGNED: 'a gossip message that names or proves its sender, as none of this network does',
  MESSAGE_TOO_LARGE: 'a gossip message above the size limit',
  NODE_OVERLOADED: 'more waits for this node than it will take on',
  NODE_STOPPED: 'the node is about to stop, or has stopped',
  P2P_ADDRESS_INVALID: 'an address under p2p is none that a node can listen on or dial',
  P2P_LISTEN_FAILED: 'the address on which the node is to hear its peers cannot be used',
  PEER_CONNECTIONS_TOO_MANY: 'a peer opened more connections than it needs, and lost its oldest',
  PEER_IDENTITIES_TOO_MANY:
    'a validator came under more libp2p identities than it needs, and lost its oldest',
  PEER_IS_SELF: 'a peer shows the validator key of this very node',
  PEER_NOT_READY: 'the message came before this node was ready for any',
  PEER_READS_NOTHING: 'a peer read nothing of what was sent to it, and was disconnected',
  PEER_SCORE_LOW: 'a peer sent too much that was wrong, and was disconnected',
  PEER_SILENT: 'a peer did not say in time which validator it is',
  PEER_STATEMENT_INVALID: 'the statement that is to bind a peer to a validator does not hold',
  PEER_STATEMENT_REPEATED: 'a peer said a second time over one connection which validator it is',
  PEER_STRANGERS_TOO_MANY:
    'too many peers had not said which validators they are, and the one that came first had to go',
  PEER_STREAM_LOST: 'gossip with a peer broke off, and the connection was ended so that it can begin anew',
  PEER_TOO_QUICK: 'a peer sent more than was being handled, and was not read on for a while',
  PEER_UNKNOWN: 'a peer is none of the validators',
  REQUESTS_TOO_MANY: 'a peer asked more at a time than any node does',
  REQUEST_LOST: 'a peer went away, or was too slow to ask or to read the answer',
  REQUEST_REFUSED: 'the node had no answer to a request',
  REQUEST_TOO_LARGE: 'a request above the size limit',
  SETTLEMENT_LISTEN_FAILED: 'the address at which the settlement chain is to answer cannot be used',
  SETTLEMENT_OTHER_CHAIN: 'the settlement chain that answers was made for another genesis',
  STORE_LOCKED: 'another process has the store open',
  STORE_OTHER_CHAIN: 'the store holds the data of another chain',
  STORE_UNREADABLE: 'the data directory or the store in it cannot be read or created',
  STORE_VERSION: 'the store was written in a format that this version does not read',
  STORE_WRITE_FAILED: 'the machine did not take a write',
} as const;

export type RuntimeCode = keyof typeof runtimeCodes;
