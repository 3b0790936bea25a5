/**
 * The channel to whoever started this process. When that one is gone, however it went, this process is to end: nobody is
 * left to stop it.
 */
import type { NodeOrder, ProcessReport } from './control.ts';

export interface ParentLinkHandlers {
  readonly order: (order: NodeOrder) => void;
  /** The other side is gone. */
  readonly lost: () => void;
}

export class ParentLink {
  readonly #process: NodeJS.Process;

  private constructor(process: NodeJS.Process) {
    this.#process = process;
  }

  /** @returns Undefined where nobody is at the other end: the process was started by hand or by a service manager. */
  static of(process: NodeJS.Process): ParentLink | undefined {
    return process.send === undefined ? undefined : new ParentLink(process);
  }

  listen({ order, lost }: ParentLinkHandlers): void {
    this.#process.on('message', (message) => order(message as NodeOrder));
    this.#process.once('disconnect', lost);
  }

  /** Reports; what cannot be said any more is dropped. */
  report(report: ProcessReport): void {
    if (this.#process.connected) this.#process.send?.(report, undefined, undefined, () => undefined);
  }

  /** The channel no longer keeps this process alive. */
  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
