/** Where the server of a storage is, and what of its drivers' words may be shown. */
import { reasonOf, storageError } from './storageError.ts';

export interface ServerStorageOptions {
  /** `postgres://user:password@host:port/database` or `redis://host:port/number`. */
  readonly url: string;
  /** Keeps users of one server apart: a schema on PostgreSQL, a prefix on Redis. */
  readonly namespace: string;
  /** Longest wait for a connection and for an answer, in ms. */
  readonly timeoutMs: number;
}

const namespacePattern = /^[a-z][a-z0-9_]{0,39}$/;

/** @throws {CodedError} `INPUT_STORAGE_REFUSED`: no server could be meant. */
export function checkAddress(
  { url, namespace }: ServerStorageOptions,
  protocols: readonly string[],
): { readonly shown: string; readonly password: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !protocols.includes(parsed.protocol) || parsed.hostname === '')
    throw storageError(
      'INPUT_STORAGE_REFUSED',
      `the address of the storage: expected ${protocols.map((protocol) => `${protocol}//host:port`).join(' or ')}`,
    );
  if (!namespacePattern.test(namespace))
    throw storageError(
      'INPUT_STORAGE_REFUSED',
      `the namespace of the storage: expected up to 40 lower-case letters, digits and _, a letter first, got "${namespace}"`,
    );
  return { shown: `${parsed.protocol}//${parsed.host}${parsed.pathname}`, password: parsed.password };
}

/** Says what a server did wrong, without its password. */
export function serverError(
  code: 'INPUT_STORAGE_UNREACHABLE' | 'INPUT_STORAGE_REFUSED' | 'INPUT_STORAGE_NOT_DURABLE',
  { shown, password }: ReturnType<typeof checkAddress>,
  cause: unknown,
  fix: string,
) {
  const secrets = password === '' ? [] : [password, decodeSafely(password)];
  const words = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), reasonOf(cause));
  return storageError(code, `${shown}: ${words}: ${fix}`, { server: shown });
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
