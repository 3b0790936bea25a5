/** Codes of the order engine and their meaning, for docs/errors.md; how they are answered over HTTP is the server's business. */
import { CodedError } from '../../consensus/primitives/codedError.ts';

export const autoBatchCodes = {
  AUTO_BATCH_ATTEMPT_LOST:
    'the last submission that a batch may have was begun, and the ledger knows nothing of it',
  AUTO_BATCH_COMMAND_EXPIRED: 'the ledger let the last height of a batch pass without executing it',
  AUTO_BATCH_DATABASE_CONFLICT: 'the database refuses a change that its constraints forbid',
  AUTO_BATCH_DATABASE_DRIVER_MISSING:
    'the package that is the configured database, or speaks to it, is not installed',
  AUTO_BATCH_DATABASE_NOT_DURABLE: 'the server of the orders may forget what it acknowledged',
  AUTO_BATCH_DATABASE_OTHER_CHAIN: 'the database holds the orders of another chain',
  AUTO_BATCH_DATABASE_REFUSED:
    'the server of the orders refuses the user, the password, the database or the request',
  AUTO_BATCH_DATABASE_UNREACHABLE:
    'the server of the orders does not answer; the same call may be made again',
  AUTO_BATCH_DATABASE_VERSION: 'the database of the orders was written by a newer version',
  AUTO_BATCH_ELSEWHERE: 'another node runs the order engine',
  AUTO_BATCH_LEDGER_UNREACHABLE: 'the ledger gave no answer to a submission, which may have arrived or not',
  AUTO_BATCH_OFF: 'the node joins no orders: auto-batch is off',
  AUTO_BATCH_STOPPING: 'the node is stopping, and takes no orders any more',
  AUTO_BATCH_TRANSITION_REFUSED:
    'the database refuses a change that the states of orders and batches do not allow',
  AUTO_BATCH_UNKNOWN: 'no batch of orders has that id',
} as const;

export type AutoBatchCode = keyof typeof autoBatchCodes;

export function autoBatchError(
  code: AutoBatchCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): CodedError {
  return new CodedError(code, message, details, cause === undefined ? undefined : { cause });
}
