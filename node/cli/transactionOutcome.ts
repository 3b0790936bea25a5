/** What became of a transaction that `sidereal send` handed over, as it is waited for and told. */
import type { Json } from '../devnet/apiClient.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { type SendOptions, waitForStatus } from './devnetTarget.ts';
import type { CliIo } from './io.ts';

/** Whom it was sent by, and to which node. */
export interface Sent {
  readonly node: { readonly name: string; readonly api: string };
  readonly from: string;
  /** What else to tell. */
  readonly notes?: Json;
}

/** @param accepted - The node's answer. @returns The exit code. @throws {CodedError} `WAIT_TIMED_OUT`. */
export async function tellOutcome(
  accepted: Json,
  { node, from, notes = {} }: Sent,
  options: SendOptions,
  io: CliIo,
): Promise<ExitCode> {
  const id = String(accepted.id);
  const enough = options.wait === 'included' ? ['included', 'final', 'failed'] : ['final', 'failed'];
  const sent = { api: node.api, path: `/transactions/${id}`, what: `transaction ${id}` };
  const outcome = options.wait === 'accepted' ? accepted : await waitForStatus(sent, enough, options, io);
  report({ ...outcome, ...notes, id, node: node.name, from }, notes, options, io);
  return outcome.status === 'failed' ? exitCodes.failed : exitCodes.ok;
}

function report(outcome: Json, notes: Json, options: SendOptions, io: CliIo): void {
  if (options.json === true) {
    io.out(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { id, status, height, code, node } = outcome;
  const where = height === undefined ? '' : ` at height ${String(height)}`;
  const why = code === undefined ? '' : ` [${String(code)}]`;
  io.out(`${String(status)}${where}${why}  ${String(id)}  (${String(node)})\n`);
  for (const [name, value] of Object.entries(notes)) io.out(`  ${name} ${String(value)}\n`);
}
