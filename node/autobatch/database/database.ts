/**
 * What the order engine asks of its database: transactions of PostgreSQL's SQL. Two fulfil it, a server and one within the
 * process, with the same migrations and the same statements.
 */

import type { Hash } from '../../../consensus/primitives/flavor.ts';

export interface Session {
  /** One statement. @returns Its rows; columns come as text, whole numbers or booleans, so statements cast what else they read. */
  query<Row = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>;
}

export interface Database {
  /**
   * All of the work or nothing of it. When the answer to the commit is lost it throws although all of it may be there.
   * @throws {CodedError} `AUTO_BATCH_TRANSITION_REFUSED`, `AUTO_BATCH_DATABASE_CONFLICT`, `_UNREACHABLE`, `_REFUSED`.
   */
  transaction<Value>(work: (session: Session) => Promise<Value>): Promise<Value>;
  /** Lets what is under way end. */
  close(): Promise<void>;
}

export interface DatabasePlace {
  readonly schema: string;
  /** Whose orders it holds. */
  readonly chainId: Hash;
}
