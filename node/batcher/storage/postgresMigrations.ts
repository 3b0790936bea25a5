/** The tables of the `postgres` storage, step by step. A step that was ever shipped is never changed: a new one follows. */

/** Each is applied once, in order, in one transaction under a lock, when a storage is opened. */
export const postgresMigrations: readonly string[] = [
  `
  CREATE TABLE inputs (
    request_id text COLLATE "C" PRIMARY KEY,
    target text COLLATE "C" NOT NULL,
    state text NOT NULL,
    received_at_ms bigint NOT NULL,
    is_waiting boolean NOT NULL,
    ended_at_ms bigint,
    body text NOT NULL
  );
  CREATE INDEX inputs_waiting ON inputs (target, received_at_ms, request_id) WHERE is_waiting;
  CREATE INDEX inputs_ended ON inputs (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
  CREATE TABLE batches (batch_id text COLLATE "C" PRIMARY KEY, body text NOT NULL);
  CREATE TABLE tallies (
    target text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (target, state)
  );
  `,
];
