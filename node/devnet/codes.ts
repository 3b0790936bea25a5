/** Codes of the devnet and of the commands that talk to one (docs/errors.md). */
export const devnetCodes = {
  ACCOUNT_NOT_FUNDED: 'the devnet has no funded account of that number',
  CONFIG_KEY_NEEDED: 'the configuration of a process lacks a key that it cannot do without',
  DEVNET_CONFIG_OTHER: 'the network of the data directory was made with another setting than is asked for',
  DEVNET_DESCRIPTION_INVALID: 'the devnet.json of the data directory is not what a devnet writes',
  DEVNET_DIR_TAKEN: 'the data directory holds something else than a network',
  DEVNET_DIR_UNUSABLE: 'the data directory cannot be read or written, or the network in it is damaged',
  DEVNET_NAME_TAKEN: 'a validator has the name that a local network gives its settlement chain',
  DEVNET_NOT_RUNNING: 'no devnet runs on the data directory',
  DEVNET_RUNNING: 'another process runs a network on the data directory',
  DEVNET_WORKLOAD_INVALID: 'the file for --workload holds more than a workload',
  DEVNET_WORKLOAD_OTHER: 'the network of the data directory has no funds for the accounts of the workload',
  KEY_FILE_INVALID: 'the key file of a node cannot be read, or holds no secret key',
  LOG_UNREADABLE: 'the log file of the node cannot be read',
  NODE_KEY_OTHER: 'the key file holds the key of somebody else than the validator that the node is to be',
  NODE_UNKNOWN: 'the network has no node of that name',
  NODE_UNREACHABLE: 'the HTTP API of a node does not answer',
  PORT_NONE_FREE: 'there are not as many free ports as a network needs',
  PORT_OUT_OF_RANGE: 'the nodes of the network would need ports that do not exist',
  PORT_TAKEN: 'another program listens on a port of the network',
  PROCESS_DIED: 'a process of the network ended before it served, without saying why',
  RESTART_TIMED_OUT: 'the node did not answer in time after it was told to restart',
  SETTLEMENT_ADMIN_FAILED: 'the settlement chain did not take a fault',
  WAIT_TIMED_OUT: 'the transaction did not get as far as was waited for in time; it may still',
} as const;

export type DevnetCode = keyof typeof devnetCodes;
