/** The node behind the API, as a port: a runtime fulfils it, and so does a bare core in a test. */
import type { TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { NodeReader } from '../core/reader.ts';
import type { MessageVerdict } from '../core/types.ts';

/** What the node made of a transaction; `accept` and `MEMPOOL_DUPLICATE` come after its row is synced. */
export interface SubmissionVerdict {
  readonly verdict: MessageVerdict;
  readonly code: string | undefined;
}

export interface NodeView {
  readonly self: ValidatorIndex;
  /** Version of the program. */
  readonly version: string;
  /** Signs `settle_now` and `set_batch_size`; undefined where the node holds no such key. */
  readonly operator: Signer | undefined;
  /** Looks at the running core; called for each request. */
  reader(): NodeReader;
  /** The node's clock, in ms after genesis. */
  nowMs(): TimeMs;
  /** Validators it is connected to. */
  peers(): readonly ValidatorIndex[];
  submit(bytes: Uint8Array): Promise<SubmissionVerdict>;
  /** Resolves when the decision is on disk. */
  pauseSettlement(isPaused: boolean): Promise<void>;
  /** Asks whoever runs this node to stop it in order and start it again; undefined where nobody would. */
  readonly restart: (() => void) | undefined;
  /** What the runtime counts, by `name/label`; becomes `sidereal_<name>_total{label}`. */
  counters(): Readonly<Record<string, number>>;
}
