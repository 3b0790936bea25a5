/** Codes of the storage of the input pipeline (docs/errors.md). */
export const inputStorageCodes = {
  INPUT_BATCH_UNKNOWN: 'the storage holds no unfinished batch of this name',
  INPUT_ROW_TOO_LARGE: 'the input or the batch has more bytes than a stored row may have',
  INPUT_ROWS_NOT_WAITING: 'an input of the batch is unknown, in another batch, or decided already',
  INPUT_STORAGE_CLOSED: 'the storage of inputs was closed',
  INPUT_STORAGE_CONTENDED: 'other processes changed the same rows again and again; nothing was changed',
  INPUT_STORAGE_DAMAGED: 'what is stored of inputs cannot be read',
  INPUT_STORAGE_DRIVER_MISSING: 'the package that speaks to the configured storage is not installed',
  INPUT_STORAGE_FULL: 'as many inputs wait or are kept as the storage may hold',
  INPUT_STORAGE_LOCKED: 'another process uses this storage of inputs',
  INPUT_STORAGE_NOT_DURABLE: 'the server of the storage may forget what it acknowledged',
  INPUT_STORAGE_READ_FAILED: 'the disk did not give what is stored; the same call may be made again',
  INPUT_STORAGE_REFUSED:
    'the server of the storage refuses the user, the password, the database or the request',
  INPUT_STORAGE_UNREACHABLE: 'the server of the storage does not answer; the same call may be made again',
  INPUT_STORAGE_VERSION: 'the storage of inputs was written by a newer version',
  INPUT_STORAGE_WRITE_FAILED: 'the disk did not take a write of the storage; the same call may be made again',
  INPUT_TRANSITION_REFUSED: 'the change would move an input backwards or follow its end',
} as const;

export type InputStorageCode = keyof typeof inputStorageCodes;
