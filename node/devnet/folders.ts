/** Names of folders that several commands look in: where a devnet lives, and where a process keeps its rows. */

/** Data directory of a devnet unless told otherwise, from the working directory. */
export const DEVNET_DIR_DEFAULT = '.sidereal/devnet';

/** Within the data directory of a process. */
export const STORE_FOLDER = 'store';
/** Within the same: what users have sent to the batcher. */
export const BATCHER_FOLDER = 'batcher';
