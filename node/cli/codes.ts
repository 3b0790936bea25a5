/** Codes of the command line itself (docs/errors.md). */
export const cliCodes = {
  BATCH_FILE_INVALID: 'the file of an atomic batch cannot be read, or holds none',
  CLI_USAGE: 'an unknown command or option, or an argument that does not fit',
  NOT_AVAILABLE_YET: 'a documented command or option that this version does not have',
  OPERATION_FILE_INVALID: 'the file of an operation cannot be read, or holds none',
  OUT_DIR_TAKEN:
    'the output folder holds something else than an earlier run of the same scenario, or the same sweep',
  OUT_DIR_UNWRITABLE: 'a file cannot be written',
  INPUT_LOG_DAMAGED: 'the log of inputs is cut short or has changed; the message says at which byte',
  INPUT_LOG_MISSING: 'the folder holds no log of inputs',
  INPUT_LOG_NODE_UNKNOWN: 'there is no log of such a node',
  KEY_FILE_EXISTS: 'a key file is there already and is never overwritten',
} as const;

export type CliCode = keyof typeof cliCodes;

/** 0: all held. 1: an expectation or a law failed. 2: bad usage or bad file. 3: could not run. 130: interrupted, as shells count it. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unable: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
