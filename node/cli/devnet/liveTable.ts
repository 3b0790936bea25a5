/**
 * The live table of a devnet as lines of text: a row a node, then what the network has come to, then the newest news. A
 * pure function of the picture, the time and the size of the terminal; it never gives a longer line or more lines.
 */
import type { NetworkPicture, NodePicture } from '../../devnet/watch/networkPicture.ts';
import { counted, grouped, shortAmount } from '../format.ts';
import type { Colors } from '../io.ts';
import { amountWords, headlineOf } from './headlines.ts';
import { renderLine, type Span, type Style, span } from './spans.ts';

export interface TableFrame {
  readonly columns: number;
  readonly rows: number;
  readonly colors: Colors;
  /** Host time, in the launcher's ms. */
  readonly nowMs: number;
  readonly startedMs: number;
  /** How an instant, in ms after genesis, is shown. */
  readonly timeOf: (t: number) => string;
}

/** Lines of news at most, on however tall a terminal. */
const NEWS_MAX = 8;
/** Node rows that stay when the terminal is too low for all. */
const NODE_ROWS_MIN = 1;
/** Pending batches shown, oldest first. */
const PENDING_MAX = 3;
const LABEL_WIDTH = 12;

export function renderLiveTable(picture: NetworkPicture, frame: TableFrame): string[] {
  const head = [titleLine(picture, frame), []];
  const facts = [[], ...factLines(picture)];
  const foot = [[span('Ctrl-C stops everything', 'dim')]];
  const nodes = nodeLines(picture, frame);
  const fixed = head.length + facts.length + foot.length + 1;
  const nodeRoom = Math.max(NODE_ROWS_MIN + 1, frame.rows - fixed);
  const shownNodes = cutRows(nodes, nodeRoom);
  const newsRoom = Math.min(NEWS_MAX, frame.rows - fixed - shownNodes.length - 1);
  const lines = [...head, ...shownNodes, ...facts, ...newsLines(picture, newsRoom, frame), [], ...foot];
  return lines.slice(0, Math.max(1, frame.rows)).map((line) => renderLine(line, frame.columns, frame.colors));
}

function titleLine({ nodes, agreement }: NetworkPicture, { nowMs, startedMs }: TableFrame): Span[] {
  const style: Style = agreement === 'yes' ? 'good' : agreement === 'no' ? 'bad' : 'dim';
  return [
    span('devnet', 'strong'),
    span(`  ${counted(nodes.length, 'node')}, up ${spell(nowMs - startedMs)}, state roots agree: `),
    span(agreement === 'no' ? 'NO' : agreement, style),
  ];
}

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  /** Columns with a higher rank go first when the terminal is narrow. */
  readonly rank: number;
  readonly cell: (node: NodePicture, picture: NetworkPicture, nowMs: number) => Span;
}

const columns: readonly Column[] = [
  { title: 'node', isNumber: false, rank: 0, cell: ({ name }) => span(name) },
  { title: 'state', isNumber: false, rank: 1, cell: (node, _picture, nowMs) => stateOf(node, nowMs) },
  { title: 'height', isNumber: true, rank: 3, cell: ({ status }) => figure(status?.height) },
  { title: 'final', isNumber: true, rank: 2, cell: ({ finalizedHeight }) => figure(finalizedHeight) },
  { title: 'peers', isNumber: true, rank: 5, cell: ({ status }) => figure(status?.peers) },
  { title: 'stake', isNumber: true, rank: 6, cell: stakeOf },
  { title: 'now', isNumber: false, rank: 4, cell: (node, picture) => span(rolesOf(node, picture)) },
];
const GAP = '  ';

function nodeLines(picture: NetworkPicture, frame: TableFrame): Span[][] {
  const cells = columns.map((column) => ({
    ...column,
    spans: picture.nodes.map((node) => column.cell(node, picture, frame.nowMs)),
  }));
  const sized = cells.map((column) => ({
    ...column,
    width: Math.max(column.title.length, ...column.spans.map(({ text }) => text.length)),
  }));
  const shown = fitColumns(sized, frame.columns);
  const header = shown.map(({ title, isNumber, width }) => span(pad(title, width, isNumber) + GAP, 'dim'));
  const rows = picture.nodes.map((_node, row) =>
    shown.map(({ spans, isNumber, width }) => {
      const { text, style } = spans[row] ?? span('');
      return { text: pad(text, width, isNumber) + GAP, style };
    }),
  );
  return [header, ...rows].map(trimEnd);
}

function fitColumns<Sized extends { readonly rank: number; readonly width: number }>(
  all: readonly Sized[],
  columnsMax: number,
): readonly Sized[] {
  let shown = all;
  const widthOf = (some: readonly Sized[]): number =>
    some.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  while (shown.length > 1 && widthOf(shown) > columnsMax) {
    const rankMax = Math.max(...shown.map(({ rank }) => rank));
    shown = shown.filter(({ rank }) => rank < rankMax);
  }
  return shown;
}

/** Keeps the header and as many rows as there is room for, and says how many are missing. */
function cutRows(lines: readonly Span[][], room: number): readonly Span[][] {
  if (lines.length <= room) return lines;
  const kept = lines.slice(0, Math.max(1, room - 1));
  return [...kept, [span(`and ${counted(lines.length - kept.length, 'more node')}`, 'dim')]];
}

function stateOf({ process, restartAtMs, status }: NodePicture, nowMs: number): Span {
  switch (process) {
    case 'running':
      if (status === undefined) return span('silent', 'warn');
      return status.halted === null ? span('running', 'good') : span('halted', 'bad');
    case 'starting':
      return span('starting', 'warn');
    case 'paused':
      return span('paused', 'warn');
    case 'exited': {
      if (restartAtMs === undefined) return span('exited', 'bad');
      const leftS = Math.max(0, Math.ceil((restartAtMs - nowMs) / 1000));
      return span(`restarting in ${leftS} s`, 'bad');
    }
    case 'stopped':
      return span('stopped', 'dim');
  }
}

function stakeOf({ standing }: NodePicture): Span {
  if (standing === undefined) return span('-', 'dim');
  return span(shortAmount(standing.stake), BigInt(standing.stake) < BigInt(standing.power) ? 'bad' : 'plain');
}

/** What a node does at this moment: leads, owes a settlement, sits in jail. */
function rolesOf({ name, standing, status }: NodePicture, picture: NetworkPicture): string {
  const roles: string[] = [];
  if (name === picture.leader) roles.push('leads');
  for (const { seq, proposer, state } of picture.settlement?.pending ?? []) {
    if (proposer === name && state === 'sealed') roles.push(`settles ${seq}`);
  }
  if (standing?.tombstoned === true) roles.push('tombstoned');
  else if (standing?.jailed === true) roles.push('jailed');
  if (status?.settlement_paused === true) roles.push('settlement paused');
  return roles.join(', ');
}

function factLines(picture: NetworkPicture): Span[][] {
  const { settlement, newestSettled, counts } = picture;
  if (settlement === undefined) return [[label('window'), span('waiting for the first answer', 'dim')]];
  const { window, pending, chain } = settlement;
  const lines = [
    [
      label('window'),
      span(`blocks ${window.from_height}-${window.to_height}, ${window.blocks} of ${window.batch_size}`),
      span(`   net ${amountWords(window.net)}`),
    ],
    ...pendingLines(pending),
    [label('settled'), ...settledSpans(newestSettled)],
    [
      label('settlement'),
      chain === null
        ? span('no block known yet', 'dim')
        : span(`block ${chain.height}, base fee ${gwei(chain.base_fee)} gwei`),
    ],
    countLine(counts),
  ];
  return lines;
}

function countLine(counts: NetworkPicture['counts']): Span[] {
  const failed = counts.failed === 0 ? '' : ` (${grouped(counts.failed)} failed)`;
  return [
    label('since start'),
    span(`${counted(counts.transactions, 'transaction')}${failed}, ${grouped(counts.settled)} settled, `),
    span(`${grouped(counts.missed)} missed`, counts.missed > 0 ? 'bad' : 'plain'),
    span(', '),
    span(`${grouped(counts.slashed)} slashed`, counts.slashed > 0 ? 'bad' : 'plain'),
    ...(counts.crashes === 0 ? [] : [span(', '), span(counted(counts.crashes, 'crash', 'crashes'), 'bad')]),
  ];
}

type Pending = NonNullable<NetworkPicture['settlement']>['pending'];

function pendingLines(pending: Pending): Span[][] {
  if (pending.length === 0) return [[label('pending'), span('nothing', 'dim')]];
  const shown = pending
    .slice(0, PENDING_MAX)
    .map((batch, index) => [
      label(index === 0 ? 'pending' : ''),
      span(`batch ${batch.seq}, blocks ${batch.from_height}-${batch.to_height}, `),
      span(batch.state, batch.state === 'included' ? 'good' : 'plain'),
      span(
        `, ${batch.proposer}, attempt ${batch.attempt}, clock ${batch.clock_count} of ${batch.deadline}`,
        2 * batch.clock_count > batch.deadline ? 'warn' : 'plain',
      ),
    ]);
  const more = pending.length - shown.length;
  return more === 0 ? shown : [...shown, [label(''), span(`and ${grouped(more)} more`, 'warn')]];
}

function settledSpans(batch: NetworkPicture['newestSettled']): Span[] {
  if (batch === undefined) return [span('nothing yet', 'dim')];
  const actions = batch.actions.map(
    ({ type, asset, amount }) => `${actionWord(type)} ${shortAmount(amount)} ${asset}`,
  );
  return [
    span(`batch ${batch.seq}, blocks ${batch.from_height}-${batch.to_height}, ${actions.join(', ')}, `),
    span(`by ${batch.settler ?? '?'} in settlement block ${batch.settlement_height ?? '?'}`),
  ];
}

function actionWord(type: string): string {
  return type === 'ibc_transfer' ? 'return' : type;
}

function newsLines({ news }: NetworkPicture, room: number, { timeOf }: TableFrame): Span[][] {
  if (room < 2 || news.length === 0) return [];
  const shown = news.slice(-(room - 1)).map((line) => newsSpans(line, timeOf));
  return [[], ...shown];
}

/** One line of news with its time. */
export function newsSpans(line: NetworkPicture['news'][number], timeOf: TableFrame['timeOf']): Span[] {
  const { tone, text } = headlineOf(line);
  return [span(`${timeOf(line.t)}  `, 'dim'), span(text, tone)];
}

function label(text: string): Span {
  return span(text.padEnd(LABEL_WIDTH), 'dim');
}

function figure(value: number | undefined): Span {
  return value === undefined ? span('-', 'dim') : span(String(value));
}

function pad(text: string, width: number, isNumber: boolean): string {
  return isNumber ? text.padStart(width) : text.padEnd(width);
}

function trimEnd(spans: readonly Span[]): Span[] {
  const kept = [...spans];
  while (kept.at(-1)?.text.trim() === '') kept.pop();
  const last = kept.pop();
  return last === undefined ? [] : [...kept, { ...last, text: last.text.trimEnd() }];
}

/** `12 s`, `4 m 05 s`, `3 h 20 m`, `2 d 4 h`. */
export function spell(ms: number): string {
  const totalS = Math.max(0, Math.floor(ms / 1000));
  const [s, m, h, d] = [
    totalS % 60,
    Math.floor(totalS / 60) % 60,
    Math.floor(totalS / 3600) % 24,
    Math.floor(totalS / 86_400),
  ];
  const two = (value: number): string => String(value).padStart(2, '0');
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${two(m)} m`;
  return m > 0 ? `${m} m ${two(s)} s` : `${s} s`;
}

/** Fee units of 10^-18 as thousand millionths, with three decimals at most. */
function gwei(fee: string): string {
  return String(Number((Number(fee) / 1e9).toFixed(3)));
}
