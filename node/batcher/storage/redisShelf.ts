/** Rows in Redis, which several processes may share. Each set of changes is one call of a script; a group is sent at once. */
import {
  type BatchRow,
  decodeBatch,
  decodeRow,
  encodeBatch,
  encodeRow,
  type InputRow,
  inputStates,
  isEnded,
  isWaiting,
} from './inputRow.ts';
import type { InputStorageLimits, Tally } from './inputStorage.ts';
import { loadRedis, RedisLink } from './redisLink.ts';
import { exchangeScript, type ScriptChange, type ScriptRow } from './redisScript.ts';
import type { ServerStorageOptions } from './serverAddress.ts';
import type { ChangeResult, ChangeSet, Exchange, Shelf } from './shelf.ts';
import { storageError } from './storageError.ts';

/** Raised when keys or texts change. */
const VERSION = '1';
const ENDED_SET = 'ended';

export interface RedisShelfOptions extends ServerStorageOptions {
  readonly limits: InputStorageLimits;
}

export class RedisShelf implements Shelf {
  readonly #limits: InputStorageLimits;
  readonly #link: RedisLink;
  /** Before every key; the braces keep all of them on one server of a cluster. */
  readonly #prefix: string;

  private constructor({ limits, namespace }: RedisShelfOptions, link: RedisLink) {
    this.#limits = limits;
    this.#link = link;
    this.#prefix = `{${namespace}}:`;
  }

  /** @throws {CodedError} `INPUT_STORAGE_DRIVER_MISSING`, `_UNREACHABLE`, `_REFUSED`, `_NOT_DURABLE`, `_VERSION`. */
  static async open(options: RedisShelfOptions): Promise<RedisShelf> {
    const link = new RedisLink(await loadRedis(), options);
    const shelf = new RedisShelf(options, link);
    try {
      await shelf.#checkVersion();
    } catch (error) {
      await link.close();
      throw error;
    }
    return shelf;
  }

  async rows(requestIds: readonly string[]): Promise<readonly (InputRow | undefined)[]> {
    if (requestIds.length === 0) return [];
    const texts = await this.#link.run((client) => client.hmget(this.#key('rows'), ...requestIds));
    return texts.map((text) => (text === null ? undefined : decodeRow(text)));
  }

  async batch(batchId: string): Promise<BatchRow | undefined> {
    const text = await this.#link.run((client) => client.hget(this.#key('batches'), batchId));
    return text === null ? undefined : decodeBatch(text);
  }

  async batches(): Promise<readonly BatchRow[]> {
    const texts = await this.#link.run((client) => client.hvals(this.#key('batches')));
    return texts.map(decodeBatch);
  }

  async waiting(target: string, rowsMax: number): Promise<readonly InputRow[]> {
    if (rowsMax === 0) return [];
    const key = this.#key(waitingSet(target));
    const ids = await this.#link.run((client) => client.zrange(key, '0', String(rowsMax - 1)));
    const rows = await this.rows(ids);
    // Between the two questions a row may have been taken.
    return rows.filter((row): row is InputRow => row !== undefined && isWaiting(row));
  }

  async endedBefore(endedBeforeMs: number, rowsMax: number): Promise<readonly InputRow[]> {
    const ids = await this.#link.run((client) =>
      client.zrangebyscore(this.#key(ENDED_SET), '-inf', `(${endedBeforeMs}`, 'LIMIT', 0, rowsMax),
    );
    return (await this.rows(ids)).filter((row) => row !== undefined);
  }

  async tallies(): Promise<readonly Tally[]> {
    const counts = await this.#link.run((client) => client.hgetall(this.#key('tallies')));
    return Object.entries(counts).flatMap(([key, count]) => {
      const [target = '', name] = key.split(' ');
      const state = inputStates.find((candidate) => candidate === name);
      return state === undefined ? [] : [{ target, state, rows: Number(count) }];
    });
  }

  commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]> {
    const keys = [...['rows', 'batches', 'tallies', 'totals'].map((name) => this.#key(name)), this.#prefix];
    return this.#link.run(async (client) => {
      const pipeline = client.pipeline();
      for (const set of sets)
        pipeline.eval(exchangeScript, keys.length, ...keys, JSON.stringify(this.#scriptChange(set)));
      const results: ChangeResult[] = [];
      for (const [error, result] of (await pipeline.exec()) ?? []) {
        if (error !== null) throw error;
        results.push(result === 'done' || result === 'full' ? result : 'conflict');
      }
      return results;
    });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #scriptChange({ rows, batches }: ChangeSet): ScriptChange {
    const count = (isCounted: (row: InputRow) => boolean) =>
      rows.reduce((total, { before, after }) => {
        const was = before !== undefined && isCounted(before);
        const is = after !== undefined && isCounted(after);
        return total + Number(is) - Number(was);
      }, 0);
    return {
      rows: rows.map(scriptRow),
      batches: batches.map(({ id, before, after }) => ({
        id,
        before: before !== undefined && encodeBatch(before),
        after: after !== undefined && encodeBatch(after),
      })),
      added: rows.filter(({ before }) => before === undefined).length,
      live: count((row) => !isEnded(row)),
      kept: count(() => true),
      liveMax: this.#limits.queuedRowsMax,
      keptMax: this.#limits.keptRowsMax,
    };
  }

  async #checkVersion(): Promise<void> {
    const key = this.#key('version');
    const version = await this.#link.run(async (client) => {
      await client.setnx(key, VERSION);
      return client.get(key);
    });
    if (version !== VERSION)
      throw storageError(
        'INPUT_STORAGE_VERSION',
        `${key} is ${version}, this program writes ${VERSION}: use the version that wrote it, or another namespace`,
        { version },
      );
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`;
  }
}

function scriptRow({ id, before, after }: Exchange<InputRow>): ScriptRow {
  return {
    id,
    before: before !== undefined && encodeRow(before),
    after: after !== undefined && encodeRow(after),
    leaves: before === undefined ? [] : setsOf(before).map(({ set }) => set),
    enters: after === undefined ? [] : setsOf(after),
    was: before !== undefined && tallyOf(before),
    is: after !== undefined && tallyOf(after),
  };
}

function setsOf(row: InputRow): { readonly set: string; readonly score: number }[] {
  if (isWaiting(row)) return [{ set: waitingSet(row.target), score: row.receivedAtMs }];
  return isEnded(row) ? [{ set: ENDED_SET, score: row.endedAtMs ?? 0 }] : [];
}

function waitingSet(target: string): string {
  return `waiting:${target}`;
}

function tallyOf({ target, state }: InputRow): string {
  return `${target} ${state}`;
}
