/** What keeps the `evm` target from starting (docs/errors.md). */
export const evmTargetCodes = {
  EVM_CHAIN_MISMATCH: 'a node of the evm target belongs to another chain than the one it is told to post to',
  EVM_DRIVER_MISSING: 'the evm target needs a package that is not installed',
  EVM_KEY_UNREADABLE: 'the secret key of the account that pays for the evm target cannot be read',
} as const;

export type EvmTargetCode = keyof typeof evmTargetCodes;
