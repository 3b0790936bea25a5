/** What a devnet says of itself when it has started: where everything is, whose keys are whose, and what to try next. */
import type { DevnetDescription } from '../../devnet/description.ts';
import { counted, grouped, seconds } from '../format.ts';
import type { Colors } from '../io.ts';
import { renderLine, type Span, span } from './spans.ts';

export interface BannerFacts {
  readonly description: DevnetDescription;
  readonly seed: number;
  /** Height at which it goes on; undefined: a new network. */
  readonly continuedAt: number | undefined;
  readonly blockTimeMs: number;
  readonly batchSize: number;
  readonly settlementBlockTimeMs: number;
  readonly assets: readonly string[];
  /** Whole units of each asset. */
  readonly fundedUnits: bigint;
  readonly adminToken: string;
  /** `demo`, `none`, or a file. */
  readonly workload: string;
  /** Where orders are kept: the node whose memory it is, or `psql`; undefined: they are not joined. */
  readonly orders: string | undefined;
  /** How paths are shown: relative to where the user stands. */
  readonly pathOf: (path: string) => string;
  /** Data directory as the commands need it; undefined: they find it by themselves. */
  readonly dataDirOption: string | undefined;
}

/** Assets that are named; a trace may bring many. */
const ASSETS_NAMED = 8;

export function renderBanner(facts: BannerFacts, colors: Colors): string {
  const lines = [...introduction(facts), [], ...processes(facts), [], ...accounts(facts), [], ...next(facts)];
  return `${lines.map((line) => renderLine(line, Number.MAX_SAFE_INTEGER, colors)).join('\n')}\n\n`;
}

function introduction(facts: BannerFacts): Span[][] {
  const { description, continuedAt, seed, pathOf } = facts;
  const state = continuedAt === undefined ? 'new network' : `continued at height ${grouped(continuedAt)}`;
  return [
    [
      span('Sidereal devnet', 'strong'),
      span(`: ${counted(description.nodes.length, 'node')} and a settlement chain, all on this machine.`),
    ],
    [
      span(
        `A block every ${seconds(facts.blockTimeMs)}, a net batch every ${counted(facts.batchSize, 'block')}, `,
      ),
      span(`a settlement block every ${seconds(facts.settlementBlockTimeMs)}.`),
    ],
    [],
    [label('state'), span(`${state}, seed ${seed}, chain id ${description.chain_id.slice(0, 18)}…`)],
    [
      label('data'),
      span(pathOf(description.data_dir)),
      span('   deleted and begun anew with --fresh', 'dim'),
    ],
    [label('users'), span(workloadWords(facts))],
    ...(facts.orders === undefined ? [] : [[label('orders'), span(orderWords(facts.orders))]]),
  ];
}

function orderWords(orders: string): string {
  return orders === 'psql'
    ? 'joined into batches, kept in PostgreSQL; every node takes them'
    : `joined into batches, kept in the memory of ${orders}, which takes them`;
}

function workloadWords({ workload }: BannerFacts): string {
  if (workload === 'none') return 'nobody sends anything but you';
  if (workload === 'demo') return 'the demo: accounts 4 to 9 borrow and repay; --workload none is quiet';
  return `as in ${workload}`;
}

function processes({ description, pathOf, adminToken }: BannerFacts): Span[][] {
  const { nodes, settlement_chain: chain, data_dir: dataDir } = description;
  const rows = [
    ['process', 'HTTP', 'libp2p', 'pid'],
    ...nodes.map(({ name, api, p2p, pid }) => [name, api, p2p, String(pid)]),
    ['settlement', chain.rpc, 'JSON-RPC, the slower chain', String(chain.pid)],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row, index) => {
    const text = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    return [span(text, index === 0 ? 'dim' : 'plain')];
  });
  const folder = pathOf(dataDir);
  return [
    ...table,
    [],
    [label('logs'), span(`${folder}/${nameRange(nodes.map(({ name }) => name))}.log, settlement.log`)],
    [label('keys'), span(`${folder}/<node>/validator.key, operator.key`)],
    [label('admin'), span(`bearer token ${adminToken}`)],
  ];
}

/** `node-0…node-3`. */
function nameRange(names: readonly string[]): string {
  const [first = '', last = first] = [names[0], names.at(-1)];
  return names.length > 1 ? `${first}…${last}` : first;
}

function accounts({ description, assets, fundedUnits }: BannerFacts): Span[][] {
  const units = grouped(Number(fundedUnits));
  const rest = assets.length > ASSETS_NAMED ? [`${assets.length - ASSETS_NAMED} more`] : [];
  const named = [...assets.slice(0, ASSETS_NAMED), ...rest].join(', ');
  return [
    [span('Accounts', 'strong'), span(`: ${units} whole units of every asset each, and as much deposited.`)],
    [span(`Assets: ${named}. Amounts are smallest units.`)],
    ...description.accounts.map(({ address }, index) => [span(`  (${index}) ${address}`)]),
    [span('their private keys:')],
    ...description.accounts.map(({ private_key: key }, index) => [span(`  (${index}) ${key}`)]),
    [span('Everybody knows these keys. Never use them where money is.', 'warn')],
  ];
}

function next({ description, dataDirOption, adminToken, orders }: BannerFacts): Span[][] {
  const { nodes } = description;
  const [first] = nodes;
  const name = (nodes[1] ?? first)?.name ?? '';
  const api = first?.api ?? '';
  const where = dataDirOption === undefined ? '' : ` --data-dir ${dataDirOption}`;
  const command = (text: string): Span[] => [span(`  ${text}`)];
  return [
    [span('Next', 'strong'), span(', in another terminal:')],
    command(`npx sidereal send borrow UM 1000 --account 0 --wait final${where}`),
    ...(orders === undefined
      ? []
      : [command(`npx sidereal send order 1 UM 5 rent-7 --account 0 --wait final${where}`)]),
    command(`npx sidereal status${where}`),
    command(`npx sidereal logs ${name} --follow${where}`),
    command(`npx sidereal restart ${name}${where}`),
    command(`curl ${api}/settlement`),
    command(`curl -N ${api}/events`),
    command(`curl -X POST -H 'authorization: Bearer ${adminToken}' \\`),
    command(`  ${api}/admin/settle-now`),
    [span('or in a browser:')],
    command(`${api}/documentation`),
    ...(orders === undefined ? [] : [command(`${api}/auto-batches/live`)]),
  ];
}

function label(text: string): Span {
  return span(text.padEnd(9), 'dim');
}
