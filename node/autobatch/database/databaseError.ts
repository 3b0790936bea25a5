/** What went wrong in a database, as one of few codes. Both kinds of database name causes by SQLSTATE. */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { autoBatchError } from '../codes.ts';

/** What the triggers of migrations.ts raise: check_violation. */
const REFUSED_TRANSITION = '23514';
/** Classes that another try does not better: authorisation, catalogue, rights and syntax, data, features. */
const REFUSALS = /^(?:28|3D|3F|42|22|0A)/;

/** @param place - Where the database is, without its password. @param secrets - Never shown. */
export function databaseError(place: string, cause: unknown, secrets: readonly string[] = []): CodedError {
  if (cause instanceof CodedError) return cause;
  const words = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), reasonOf(cause));
  const state = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const message = `${place}: ${words}`;
  if (state === REFUSED_TRANSITION)
    return autoBatchError('AUTO_BATCH_TRANSITION_REFUSED', message, {}, cause);
  if (state.startsWith('23') && state.length === 5)
    return autoBatchError('AUTO_BATCH_DATABASE_CONFLICT', message, {}, cause);
  if (state.length === 5 && REFUSALS.test(state)) {
    const fix = 'correct user, password, database or rights; the user needs the right to make a schema';
    return autoBatchError('AUTO_BATCH_DATABASE_REFUSED', `${message}: ${fix}`, { server: place });
  }
  const fix = 'see to the server; the same call may be made again';
  return autoBatchError('AUTO_BATCH_DATABASE_UNREACHABLE', `${message}: ${fix}`, { server: place });
}

/** One line of what went wrong. */
function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  const text = first instanceof Error ? first.message || first.name : String(first);
  return text.replace(/\s+/g, ' ').trim().slice(0, 500);
}
