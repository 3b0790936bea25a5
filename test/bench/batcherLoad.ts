/** Drives a server with prepared requests from a process of its own, so that the client takes nothing from the server. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface LoadOrder {
  readonly url: string;
  /** Bodies, a line each. */
  readonly file: string;
  /** The first line that is sent. */
  readonly from: number;
  readonly count: number;
  readonly connections: number;
  /** Requests a second; undefined: as many as are answered. */
  readonly rate: number | undefined;
}

export interface LoadReport {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @throws {Error} Where a request was not accepted: then the figures mean nothing. */
export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const child = fork(fileURLToPath(new URL('./batcherLoadProcess.js', import.meta.url)));
  child.send(order);
  const [report] = (await once(child, 'message')) as [LoadReport | { readonly error: string }];
  await once(child, 'exit');
  if ('error' in report) throw new Error(report.error);
  return report;
}
