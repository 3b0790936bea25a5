/** Codes of the devnet and of the commands that talk to one (docs/errors.md). */
export const devnetCodes = {
  ACCOUNT_NOT_FUNDED: 'the devnet has no funded account of that number',
  DEVNET_DESCRIPTION_INVALID: 'the devnet.json of the data directory is not what a devnet writes',
  DEVNET_NOT_RUNNING: 'no devnet runs on the data directory',
  LOG_UNREADABLE: 'the log file of the node cannot be read',
  NODE_UNKNOWN: 'the devnet has no node of that name',
  NODE_UNREACHABLE: 'the HTTP API of a node does not answer',
  WAIT_TIMED_OUT: 'the transaction did not get as far as was waited for in time; it may still',
} as const;

export type DevnetCode = keyof typeof devnetCodes;
