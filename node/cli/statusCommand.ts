/** `sidereal status`: the nodes of a running devnet side by side. */
import Table from 'cli-table3';
import { getJson, type Json } from '../devnet/apiClient.ts';
import { type DescribedNode, readDescription } from '../devnet/description.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { type CliIo, colorsOf } from './io.ts';

export interface StatusOptions {
  readonly dataDir: string;
  readonly json?: boolean | undefined;
}

interface NodeAnswer {
  readonly node: DescribedNode;
  /** Undefined: it does not answer. */
  readonly status: Json | undefined;
}

/** @returns 0 when every node answers and all agree, else 1. */
export async function showStatus(options: StatusOptions, io: CliIo): Promise<ExitCode> {
  const devnet = readDescription(options.dataDir);
  const answers = await Promise.all(devnet.nodes.map(askNode));
  const agreement = agreementOf(answers);
  const isGood = agreement !== 'no' && answers.every(({ status }) => status !== undefined);
  if (options.json === true) {
    const nodes = answers.map(({ node, status }) => ({
      name: node.name,
      api: node.api,
      status: status ?? null,
    }));
    io.out(`${JSON.stringify({ ok: isGood, data_dir: devnet.data_dir, agreement, nodes })}\n`);
  } else {
    io.out(`${table(answers, io)}\nstate roots agree: ${agreement}\n`);
  }
  return isGood ? exitCodes.ok : exitCodes.failed;
}

async function askNode(node: DescribedNode): Promise<NodeAnswer> {
  try {
    return { node, status: await getJson(node.api, '/status') };
  } catch {
    return { node, status: undefined };
  }
}

/** Compares roots where two nodes are at one height; `unknown` where no two are. */
function agreementOf(answers: readonly NodeAnswer[]): 'yes' | 'no' | 'unknown' {
  const roots = new Map<unknown, unknown>();
  let compared = 0;
  for (const { status } of answers) {
    if (status === undefined) continue;
    const { finalized_height: height, state_root: root } = status;
    if (!roots.has(height)) roots.set(height, root);
    else if (roots.get(height) === root) compared += 1;
    else return 'no';
  }
  return compared > 0 ? 'yes' : 'unknown';
}

function table(answers: readonly NodeAnswer[], io: CliIo): string {
  const colors = colorsOf(io);
  const rows = new Table({
    head: ['node', 'height', 'final', 'settlement', 'pending', 'peers', 'mempool', 'state root', 'api'],
    style: { head: [], border: [] },
  });
  for (const { node, status } of answers) {
    if (status === undefined) {
      rows.push([node.name, colors.red('does not answer'), '', '', '', '', '', '', node.api]);
      continue;
    }
    const cells = [
      status.height,
      status.finalized_height,
      status.settlement_height,
      status.pending_batches,
      status.peers,
      status.mempool_transactions,
      `${String(status.state_root).slice(0, 12)}…`,
    ];
    rows.push([node.name, ...cells.map(String), node.api]);
  }
  return rows.toString();
}
