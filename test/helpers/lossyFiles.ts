/** Files that lose at a crash what was not synced: bytes without a sync (but for some of the first), renames without one of the folder. */
import type { JournalFiles } from '../../node/batcher/storage/journalFiles.ts';

interface Content {
  bytes: Buffer;
  synced: Buffer;
}

export interface LossyFilesOptions {
  /** Syncs that are only said to be done: the bug to be found. */
  readonly forgets?: 'journal' | 'replacement';
}

export class LossyFiles {
  readonly #options: LossyFilesOptions;
  /** What the name of the journal leads to, and what it leads to after a crash. */
  #journal: Content = empty();
  #syncedJournal: Content = this.#journal;
  #life = 0;
  renames = 0;

  constructor(options: LossyFilesOptions = {}) {
    this.#options = options;
  }

  /** @param keptBytes - Of what was appended and not synced. */
  crash(keptBytes: number): void {
    this.#life += 1;
    const content = this.#syncedJournal;
    const torn = content.bytes.subarray(content.synced.length, content.synced.length + keptBytes);
    const isLonger = content.bytes.subarray(0, content.synced.length).equals(content.synced);
    content.bytes = isLonger ? Buffer.concat([content.synced, torn]) : content.synced;
    content.synced = content.bytes;
    this.#journal = content;
  }

  open(): JournalFiles {
    const life = this.#life;
    let replacement: Content | undefined;
    const turn = async (work: () => void) => {
      await Promise.resolve();
      if (life !== this.#life) throw new Error('the machine went down');
      work();
      await Promise.resolve();
      if (life !== this.#life) throw new Error('the machine went down');
    };
    const append = (content: Content | undefined, bytes: Uint8Array) => {
      if (content !== undefined) content.bytes = Buffer.concat([content.bytes, bytes]);
    };
    const sync = (content: Content | undefined) => {
      if (content !== undefined) content.synced = content.bytes;
    };
    return {
      path: 'inputs.jsonl',
      chunks: () => chunksOf(this.#journal.bytes),
      append: (bytes) => turn(() => append(this.#journal, bytes)),
      sync: () => turn(() => this.#options.forgets !== 'journal' && sync(this.#journal)),
      truncate: (bytes) =>
        turn(() => {
          this.#journal.bytes = this.#journal.bytes.subarray(0, bytes);
        }),
      startReplacement: () =>
        turn(() => {
          replacement = empty();
        }),
      appendReplacement: (bytes) => turn(() => append(replacement, bytes)),
      syncReplacement: () => turn(() => this.#options.forgets !== 'replacement' && sync(replacement)),
      replace: () =>
        turn(() => {
          this.#journal = replacement ?? this.#journal;
          this.renames += 1;
        }),
      syncFolder: () =>
        turn(() => {
          this.#syncedJournal = this.#journal;
        }),
      close: async () => undefined,
    };
  }
}

function empty(): Content {
  return { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
}

/** In small pieces, so that lines are cut. */
async function* chunksOf(bytes: Buffer): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 100) yield bytes.subarray(start, start + 100);
}
