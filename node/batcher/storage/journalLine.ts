/** Lines of the `file` storage: a checksum, a space, JSON. A line is one group of changes, so it counts whole or not at all. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type BatchRow, decodeBatch, decodeRow, encodeBatch, encodeRow, type InputRow } from './inputRow.ts';

const CHECKSUM_CHARS = 16;
/** Raised when the lines change. */
const VERSION = 1;
const shape = z.tuple([
  z.literal(VERSION),
  z.array(z.tuple([z.string(), z.string().nullable()])),
  z.array(z.tuple([z.string(), z.string().nullable()])),
]);

/** What rows are from here on; undefined: gone. */
export interface JournalLine {
  readonly rows: readonly { readonly id: string; readonly after: InputRow | undefined }[];
  readonly batches: readonly { readonly id: string; readonly after: BatchRow | undefined }[];
}

export function encodeLine({ rows, batches }: JournalLine): string {
  const json = JSON.stringify([
    VERSION,
    rows.map(({ id, after }) => [id, after === undefined ? null : encodeRow(after)]),
    batches.map(({ id, after }) => [id, after === undefined ? null : encodeBatch(after)]),
  ]);
  return `${checksum(json)} ${json}\n`;
}

/** @param line - Without its end. @throws {Error} when it is not a whole line. */
export function decodeLine(line: string): JournalLine {
  const json = line.slice(CHECKSUM_CHARS + 1);
  if (line.slice(0, CHECKSUM_CHARS + 1) !== `${checksum(json)} `)
    throw new Error('its checksum does not match');
  const [, rows, batches] = shape.parse(JSON.parse(json));
  return {
    rows: rows.map(([id, row]) => ({ id, after: row === null ? undefined : decodeRow(row) })),
    batches: batches.map(([id, batch]) => ({ id, after: batch === null ? undefined : decodeBatch(batch) })),
  };
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_CHARS);
}
