/** The one script of the `redis` storage: a server runs it whole, with nothing else in between. */

/** What the script is given, as JSON. False stands for nothing. */
export interface ScriptChange {
  readonly rows: readonly ScriptRow[];
  readonly batches: readonly {
    readonly id: string;
    readonly before: string | false;
    readonly after: string | false;
  }[];
  readonly added: number;
  readonly live: number;
  readonly kept: number;
  readonly liveMax: number;
  readonly keptMax: number;
}

export interface ScriptRow {
  readonly id: string;
  readonly before: string | false;
  readonly after: string | false;
  /** Sets the row leaves and enters, with its place in the order of the latter. */
  readonly leaves: readonly string[];
  readonly enters: readonly { readonly set: string; readonly score: number }[];
  /** Tallies it leaves and enters. */
  readonly was: string | false;
  readonly is: string | false;
}

/** Keys: rows, batches, tallies, totals, and before the names of sets. Compares first, and changes only then. */
export const exchangeScript = `
local change = cjson.decode(ARGV[1])
local rows, batches, tallies, totals, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
for _, row in ipairs(change.rows) do
  if redis.call('HGET', rows, row.id) ~= row.before then return 'conflict' end
end
for _, batch in ipairs(change.batches) do
  if redis.call('HGET', batches, batch.id) ~= batch.before then return 'conflict' end
end
if change.added > 0 then
  local live = tonumber(redis.call('HGET', totals, 'live') or '0')
  local kept = tonumber(redis.call('HGET', totals, 'kept') or '0')
  if live + change.added > change.liveMax or kept + change.added > change.keptMax then return 'full' end
end
local function store(hash, id, text)
  if text then redis.call('HSET', hash, id, text) else redis.call('HDEL', hash, id) end
end
for _, row in ipairs(change.rows) do
  store(rows, row.id, row.after)
  for _, set in ipairs(row.leaves) do redis.call('ZREM', prefix .. set, row.id) end
  for _, entry in ipairs(row.enters) do redis.call('ZADD', prefix .. entry.set, entry.score, row.id) end
  if row.was then redis.call('HINCRBY', tallies, row.was, -1) end
  if row.is then redis.call('HINCRBY', tallies, row.is, 1) end
end
for _, batch in ipairs(change.batches) do store(batches, batch.id, batch.after) end
redis.call('HINCRBY', totals, 'live', change.live)
redis.call('HINCRBY', totals, 'kept', change.kept)
return 'done'
`;
