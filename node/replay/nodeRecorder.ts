/**
 * Writes down what the core of a real node takes in, for `sidereal inspect`. One file a life of the process.
 *
 * Frames gather in memory while the node handles inputs and go to the system at the end of the turn of the event loop; at
 * once when a block becomes final, so that a process that is killed leaves every height it ever stored in its log. Writes
 * are plain ones into the system's cache, tens of microseconds each, and never synced: recording is no part of what makes
 * a node durable. When it cannot go on it ends, says so, and the node does not care.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { concatBytes } from '../../consensus/primitives/bytes.ts';
import type { Signature, Signer } from '../../consensus/primitives/signature.ts';
import type { NodeOptions } from '../core/ports.ts';
import type { Input, Output } from '../core/types.ts';
import { makeFolders } from '../folders.ts';
import { lifePath, listLives } from './inputFolder.ts';
import { digestOf, InputLogWriter, type RecordedCore, recordCore, rootsOf } from './inputLog.ts';
import { headOf } from './nodeLog.ts';

/** Most bytes of one life: days of a devnet. */
export const LIFE_BYTES_MAX = 512 * 1024 * 1024;
/** Most bytes of all lives of a node. */
export const FOLDER_BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** Bytes gathered before they are written within a turn. */
const GATHERED_BYTES_MAX = 64 * 1024;

/** Why nothing more is recorded in this life. */
export interface RecordingEnded {
  readonly reason: 'life_limit' | 'folder_limit' | 'write_failed';
  /** In words, with the numbers. */
  readonly message: string;
}

export interface NodeRecorderOptions {
  /** The folder of logs, made where it is missing: `inputs` in the node's data directory. */
  readonly directory: string;
  /** What the core is made of. */
  readonly node: NodeOptions;
  /** Told once, when recording ends before the process does. Not called before the constructor has returned. */
  readonly onEnded: (ended: RecordingEnded) => void;
  /** Undefined: 512 MiB. */
  readonly lifeBytesMax?: number | undefined;
  /** Undefined: 2 GiB. */
  readonly folderBytesMax?: number | undefined;
}

/**
 * Make it before the core: `const core = new NodeCore(options, { ..., signer: recorder.signer(signer) })`, give the
 * runtime `recorder.around(core)`, and `close()` when the runtime has stopped.
 */
export class NodeRecorder {
  /** Counts the recorded lives of this node from 1; names the file. */
  readonly life: number;
  readonly #options: NodeRecorderOptions;
  #file: number | undefined;
  #log: InputLogWriter | undefined;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #signatures: Signature[] = [];

  constructor(options: NodeRecorderOptions) {
    this.#options = options;
    const { directory, node, folderBytesMax = FOLDER_BYTES_MAX, lifeBytesMax = LIFE_BYTES_MAX } = options;
    const lives = listLives(directory);
    this.life = (lives.at(-1)?.life ?? 0) + 1;
    const taken = lives.reduce((sum, { byteCount }) => sum + byteCount, 0);
    if (taken >= folderBytesMax) {
      const message = `${directory} holds ${taken} bytes of ${folderBytesMax}: delete old logs to record again`;
      this.#endSoon({ reason: 'folder_limit', message });
      return;
    }
    try {
      makeFolders(directory);
      this.#file = openSync(lifePath(directory, this.life), 'wx', 0o600);
    } catch (cause) {
      this.#endSoon({ reason: 'write_failed', message: (cause as Error).message });
      return;
    }
    const bytesMax = Math.min(lifeBytesMax, folderBytesMax - taken);
    this.#log = new InputLogWriter((bytes) => this.#gather(bytes), { bytesMax, isSharing: false });
    this.#log.head('node', headOf(this.life, node));
  }

  /** A signer whose signatures go into the log, which holds no key: a replay takes them from there. */
  signer(signer: Signer): Signer {
    return {
      publicKey: signer.publicKey,
      sign: (message) => {
        const signature = signer.sign(message);
        if (this.#log !== undefined) this.#signatures.push(signature);
        return signature;
      },
    };
  }

  /** A core like the one given that writes down what it takes in. */
  around(core: RecordedCore): RecordedCore {
    const recorded = recordCore(core, (input, outcome) => this.#note(input, outcome));
    return {
      status: () => recorded.status(),
      handle: (input) => {
        this.#signatures = [];
        return recorded.handle(input);
      },
    };
  }

  /** The node has stopped: ends the log. */
  close(): void {
    this.#log?.end();
    this.#flush();
    this.#release();
  }

  #note(input: Input, outcome: readonly Output[] | { readonly thrown: string }): void {
    const log = this.#log;
    if (log === undefined) return;
    const { self } = this.#options.node;
    const roots = 'thrown' in outcome ? [] : rootsOf(outcome);
    const digest = digestOf(outcome);
    const witness = { signatures: this.#signatures, roots };
    log.input({ node: self, life: this.life, input, digest, witness });
    if (log.fullAtMs !== undefined) {
      const message = `the log of this life has its ${log.byteCount} bytes`;
      this.close();
      this.#endSoon({ reason: 'life_limit', message });
    } else if (roots.length > 0 || this.#gatheredBytes >= GATHERED_BYTES_MAX) this.#flush();
    else this.#turnEnd ??= setImmediate(() => this.#flush());
  }

  #gather(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
  }

  #flush(): void {
    clearImmediate(this.#turnEnd);
    this.#turnEnd = undefined;
    const file = this.#file;
    if (file === undefined || this.#gatheredBytes === 0) return;
    const bytes = concatBytes(...this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } catch (cause) {
      this.#release();
      this.#endSoon({ reason: 'write_failed', message: (cause as Error).message });
    }
  }

  #release(): void {
    this.#log = undefined;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #endSoon(ended: RecordingEnded): void {
    queueMicrotask(() => this.#options.onEnded(ended));
  }
}
