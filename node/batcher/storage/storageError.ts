/** Errors of the kinds of storage, each said in one way. */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { InputStorageCode } from './codes.ts';

export function storageError(
  code: InputStorageCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): CodedError {
  return new CodedError(code, message, details, cause === undefined ? undefined : { cause });
}

/** @param place - File, folder or table, and where in it. */
export function damaged(place: string, cause: unknown, fix: string): CodedError {
  return storageError('INPUT_STORAGE_DAMAGED', `${place}: ${reasonOf(cause)}: ${fix}`, { place }, cause);
}

export function writeFailed(place: string, cause: unknown): CodedError {
  return storageError(
    'INPUT_STORAGE_WRITE_FAILED',
    `${place} did not take a write: ${reasonOf(cause)}; check the space and the health of the disk, then try again`,
    { place },
    cause,
  );
}

export function readFailed(place: string, cause: unknown): CodedError {
  return storageError(
    'INPUT_STORAGE_READ_FAILED',
    `${place} could not be read: ${reasonOf(cause)}; check the health of the disk, then try again`,
    { place },
    cause,
  );
}

export function locked(directory: string, cause: unknown): CodedError {
  return storageError(
    'INPUT_STORAGE_LOCKED',
    `${directory} is in use by another process: stop that process, or choose another folder`,
    { directory },
    cause,
  );
}

/** One line of what went wrong. */
export function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  const text = first instanceof Error ? first.message || first.name : String(first);
  return text.replace(/\s+/g, ' ').trim().slice(0, 500);
}
