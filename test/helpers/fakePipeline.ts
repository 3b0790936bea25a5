/** A pipeline that answers what a test tells it to, and notes what it was asked. */
import { accept, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type {
  InputAnswer,
  InputPipeline,
  InputStatus,
  TargetStats,
} from '../../node/batcher/pipeline/inputPipeline.ts';
import { hashOf } from './signatory.ts';

export const queuedAnswer: InputAnswer = {
  requestId: hashOf('5d'),
  level: 'no-wait',
  isTimedOut: false,
  isDuplicate: false,
  transactionHash: undefined,
  rollup: undefined,
};

export const confirmedStatus: InputStatus = {
  requestId: hashOf('5d'),
  target: 'sidechain',
  state: 'confirmed',
  attempts: 1,
  parks: 2,
  transactionHash: hashOf('7a'),
  rollup: 12,
  errorCode: undefined,
  receivedAtMs: 1_767_225_600_000,
  endedAtMs: 1_767_225_602_000,
};

const busyStats: TargetStats = {
  target: 'sidechain',
  criteria: 'time',
  inputs: { queued: 2, batching: 1, submitted: 3, confirmed: 40, failed: 1 },
  openBatches: 1,
  oldestAgeMs: 700.4,
  parkedUntilMs: 1_767_225_603_000,
  parkedFor: 'BATCHER_TARGET_UNREACHABLE',
};

export class FakePipeline implements InputPipeline {
  readonly targets = ['sidechain', 'settlement'];
  readonly defaultTarget = 'sidechain';
  namespace = '';
  isStopping = false;
  /** Set: everything is refused with it. */
  refusal: Refusal | undefined;
  answer: InputAnswer = queuedAnswer;
  found: InputStatus = confirmedStatus;
  readonly bodies: unknown[] = [];
  readonly clients: string[] = [];
  readonly forced: string[] = [];
  /** Set: `send` answers when it does. */
  gate: Promise<void> | undefined;
  /** Resolves when the next caller that waits hangs up. */
  readonly hungUp: Promise<void>;
  readonly #noteHangUp: () => void;

  constructor() {
    let note = (): void => undefined;
    this.hungUp = new Promise((resolve) => {
      note = resolve;
    });
    this.#noteHangUp = note;
  }

  async send(body: unknown, clientKey: string, signal?: AbortSignal): Promise<Verdict<InputAnswer>> {
    this.bodies.push(body);
    this.clients.push(clientKey);
    signal?.addEventListener('abort', () => this.#noteHangUp());
    await this.gate;
    return this.refusal ?? accept(this.answer);
  }

  async status(requestId: string) {
    return requestId === this.found.requestId ? this.#judge(this.found) : refuse('INPUT_UNKNOWN', 'unknown');
  }

  async stats() {
    return this.#judge([busyStats]);
  }

  async forceBatch(target: string) {
    this.forced.push(target);
    return this.#judge(undefined);
  }

  async clearQueue(_target: string) {
    return this.#judge(3);
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test may refuse with any code.
  #judge<Value>(value: Value): Verdict<Value, any> {
    return this.refusal ?? accept(value);
  }
}
