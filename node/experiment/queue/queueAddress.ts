/**
 * Where a job queue is: `redis://`, `rediss://` (TLS), `postgres://` or `postgresql://`, as people write it. Nothing that
 * is shown of it, or said by the driver behind it, holds its password.
 */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { ExperimentCode } from '../codes.ts';

export type QueueBackend = 'redis' | 'postgres';

/** Parameter that keeps users of one server apart: prefix of the keys on Redis, schema on PostgreSQL. */
const NAMESPACE_PARAMETER = 'namespace';
export const NAMESPACE_DEFAULT = 'sidereal';
const namespacePattern = /^[a-z][a-z0-9_]{0,39}$/;
const backends: Readonly<Record<string, QueueBackend>> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};
const ports: Readonly<Record<QueueBackend, number>> = { redis: 6379, postgres: 5432 };
const EXPECTED =
  'expected redis://host:port, rediss://host:port or postgres://user:password@host:port/database';

export interface QueueAddress {
  readonly backend: QueueBackend;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Decoded; empty where there is none. */
  readonly username: string;
  readonly password: string;
  /** Name of the database; on Redis a number, empty for 0. */
  readonly database: string;
  readonly namespace: string;
  /** For the PostgreSQL driver: everything but the namespace. */
  readonly connectionString: string;
  /** For people: no user, no password, no parameters. */
  readonly shown: string;
}

/** @throws {CodedError} `QUEUE_ADDRESS_INVALID`. */
export function parseQueueAddress(text: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const backend = url === undefined ? undefined : backends[url.protocol];
  if (url === undefined || backend === undefined || url.hostname === '') {
    // Without a known scheme nobody knows which part is the password.
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0];
    throw invalid(scheme === undefined || backend !== undefined ? EXPECTED : `${EXPECTED}, got ${scheme}…`);
  }
  const database = url.pathname.replace(/^\//, '');
  const isTls = url.protocol === 'rediss:';
  if (backend === 'redis' && !/^[0-9]{0,4}$/.test(database))
    throw invalid(`expected the number of a database behind ${url.host}/, got "${database}"`);
  const namespace = url.searchParams.get(NAMESPACE_PARAMETER) ?? NAMESPACE_DEFAULT;
  if (!namespacePattern.test(namespace))
    throw invalid(
      `${NAMESPACE_PARAMETER}: expected up to 40 lower-case letters, digits and _, a letter first, got "${namespace}"`,
    );
  const rest = new URL(url);
  rest.searchParams.delete(NAMESPACE_PARAMETER);
  const port = url.port === '' ? ports[backend] : Number(url.port);
  return {
    backend,
    // Brackets of an IPv6 address belong to the URL alone.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls,
    username: decode(url.username),
    password: decode(url.password),
    database: decode(database),
    namespace,
    connectionString: rest.href,
    shown: `${url.protocol}//${url.hostname}:${port}${database === '' ? '' : `/${database}`}`,
  };
}

/** A driver's words without the password. */
export function redact(text: string, { password }: Pick<QueueAddress, 'password'>): string {
  if (password === '') return text;
  return [password, encodeURIComponent(password)].reduce(
    (rest, secret) => rest.replaceAll(secret, '***'),
    text,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('expected %25 for a % in user, password or database');
  }
}

function invalid(message: string): CodedError {
  return new CodedError('QUEUE_ADDRESS_INVALID' satisfies ExperimentCode, `--queue: ${message}`);
}
