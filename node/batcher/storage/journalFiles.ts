/** The file of the `file` storage and the one that replaces it, with the steps between which a machine may go down. */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export const JOURNAL_FILE = 'inputs.jsonl';
const REPLACEMENT_FILE = 'inputs.jsonl.new';
const READ_BYTES = 1_048_576;

export interface JournalFiles {
  /** Name for messages. */
  readonly path: string;
  chunks(): AsyncIterable<Uint8Array>;
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Starts an empty file beside the journal. */
  startReplacement(): Promise<void>;
  appendReplacement(bytes: Uint8Array): Promise<void>;
  syncReplacement(): Promise<void>;
  /** Makes it the journal. */
  replace(): Promise<void>;
  syncFolder(): Promise<void>;
  close(): Promise<void>;
}

export class DiskFiles implements JournalFiles {
  readonly path: string;
  readonly #directory: string;
  #journal: FileHandle;
  #replacement: FileHandle | undefined;

  private constructor(directory: string, journal: FileHandle) {
    this.path = join(directory, JOURNAL_FILE);
    this.#directory = directory;
    this.#journal = journal;
  }

  static async open(directory: string): Promise<DiskFiles> {
    await mkdir(directory, { recursive: true });
    return new DiskFiles(directory, await open(join(directory, JOURNAL_FILE), 'a+'));
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    for (let position = 0; ; ) {
      const bytes = new Uint8Array(READ_BYTES);
      const { bytesRead } = await this.#journal.read(bytes, 0, bytes.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield bytes.subarray(0, bytesRead);
    }
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#journal.appendFile(bytes);
  }

  sync(): Promise<void> {
    return this.#journal.datasync();
  }

  truncate(bytes: number): Promise<void> {
    return this.#journal.truncate(bytes);
  }

  async startReplacement(): Promise<void> {
    await this.#replacement?.close();
    this.#replacement = undefined;
    const path = join(this.#directory, REPLACEMENT_FILE);
    await rm(path, { force: true });
    this.#replacement = await open(path, 'a+');
  }

  async appendReplacement(bytes: Uint8Array): Promise<void> {
    await this.#replacement?.appendFile(bytes);
  }

  async syncReplacement(): Promise<void> {
    await this.#replacement?.sync();
  }

  async replace(): Promise<void> {
    if (this.#replacement === undefined) return;
    await rename(join(this.#directory, REPLACEMENT_FILE), this.path);
    const old = this.#journal;
    this.#journal = this.#replacement;
    this.#replacement = undefined;
    await old.close();
  }

  async syncFolder(): Promise<void> {
    const folder = await open(this.#directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async close(): Promise<void> {
    await this.#replacement?.close();
    await this.#journal.close();
  }
}
