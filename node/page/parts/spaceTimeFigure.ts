/** A part of one run as a space-time diagram, with the same in a table. */
import type { RunExcerpt } from '../../report/excerpt.ts';
import { drawSpaceTime, heightsOf, LANES_MAX } from '../charts/spaceTimePlot.ts';
import { type KeyEntry, renderFigure } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { ColorName } from '../palette.ts';
import { renderTable } from '../table.ts';

const ONE_DIGIT = 1;

/** @param run - Which run it is, in words, such as `N = 5, seed 1`. */
export function spaceTimeFigure(excerpt: RunExcerpt, nodes: readonly string[], run: string): Html {
  const lanes = nodes.slice(0, LANES_MAX);
  const hidden = nodes.length - lanes.length;
  const span = `${showSeconds(excerpt.fromMs)} to ${showSeconds(excerpt.toMs)}`;
  const why =
    excerpt.trouble === undefined
      ? 'from the start of the run'
      : `around the first trouble (${excerpt.trouble.replaceAll('_', ' ')})`;
  const spaceTime = { excerpt, nodes: lanes };
  return renderFigure({
    id: 'space-time',
    title: `${run}: ${span}`,
    caption: html`A part of the run, ${why}. Each block stands where and when its leader proposed it; a filled one seals the window above it.
Small dots: the block is final on that node. From the seal a line leads to whoever submits the batch (▼), on to the settlement block that
takes it, and, dashed, back to the block that confirms it.${hidden > 0 ? ` The first ${lanes.length} of ${nodes.length} nodes.` : ''}`,
    alternative:
      `${excerpt.blocks.length} sidechain blocks, ${excerpt.settlementBlocks.length} settlement blocks, ` +
      `${excerpt.batches.length} sealed and ${excerpt.settlements.length} settled batches, ${excerpt.faults.length} faults, ` +
      `${excerpt.failures.length} misses, reverts and slashes; the table below lists them.`,
    key: keyOf(excerpt),
    heights: heightsOf(spaceTime),
    draw: (layout, id) => drawSpaceTime(spaceTime, layout, id),
    data: renderTable({
      caption: `What happened, ${span}`,
      columns: [{ name: 'at' }, { name: 'where', isText: true }, { name: 'what', isText: true }],
      rows: tableRows(excerpt),
    }),
  });
}

function keyOf({ failures, faults }: RunExcerpt): KeyEntry[] {
  const style = (color: ColorName, dash: 'solid' | readonly number[] = 'solid') =>
    ({ color, symbol: 'rect', dash }) as const;
  return [
    { name: 'block', style: style('muted'), as: 'mark', isHollow: true },
    { name: 'block that seals a batch', style: style('blue'), as: 'mark' },
    { name: 'settlement block with a batch', style: style('green'), as: 'mark' },
    { name: 'settles', style: style('green'), as: 'line' },
    { name: 'confirms', style: style('orange', [4, 3]), as: 'line' },
    ...(faults.length === 0 ? [] : [{ name: 'fault', style: style('bad'), as: 'box' } as const]),
    ...(failures.length === 0
      ? []
      : [{ name: '✕ missed, reverted or slashed', style: style('bad'), as: 'line' } as const]),
  ];
}

interface Line {
  readonly atMs: number;
  readonly where: string;
  readonly what: string;
}

function tableRows(excerpt: RunExcerpt): { readonly cells: readonly string[] }[] {
  const { blocks, batches, submissions, settlementBlocks, settlements, failures, faults } = excerpt;
  const lines: Line[] = [
    ...blocks.map(({ height, leader, proposedAtMs }) => ({
      atMs: proposedAtMs,
      where: leader,
      what: `proposes block ${height}`,
    })),
    ...batches.map(({ seq, fromHeight, toHeight, sealedAtMs }) => ({
      atMs: sealedAtMs,
      where: 'network',
      what: `batch ${seq} is sealed: blocks ${fromHeight} to ${toHeight}`,
    })),
    ...submissions.map(({ atMs, node, seq, attempt }) => ({
      atMs,
      where: node ?? 'network',
      what: `submits batch ${seq}, attempt ${attempt}`,
    })),
    ...settlementBlocks.map(({ height, atMs }) => {
      const settled = settlements.filter(({ settlementHeight }) => settlementHeight === height);
      const what =
        settled.length === 0 ? '' : `, settles batch ${settled.map(({ seq }) => seq).join(', batch ')}`;
      return { atMs, where: 'settlement chain', what: `block ${height}${what}` };
    }),
    ...settlements.flatMap(({ seq, confirmedAtMs, confirmedAtHeight }) =>
      confirmedAtMs === undefined
        ? []
        : [
            {
              atMs: confirmedAtMs,
              where: 'network',
              what: `block ${confirmedAtHeight ?? 0} confirms batch ${seq}`,
            },
          ],
    ),
    ...failures.map(({ atMs, node, what, seq }) => ({
      atMs,
      where: node ?? 'network',
      what: seq === undefined ? what : `${what}: batch ${seq}`,
    })),
    ...faults.flatMap(({ name, node, fromMs, toMs }) => {
      const where = node ?? (name === 'settlement_chain' ? 'settlement chain' : 'network');
      const words = name.replaceAll('_', ' ');
      const start = { atMs: fromMs, where, what: `fault begins: ${words}` };
      return toMs === undefined ? [start] : [start, { atMs: toMs, where, what: `fault ends: ${words}` }];
    }),
  ];
  return lines
    .map((line, index) => ({ line, index }))
    .sort((one, other) => one.line.atMs - other.line.atMs || one.index - other.index)
    .map(({ line: { atMs, where, what } }) => ({ cells: [showSeconds(atMs), where, what] }));
}

function showSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(ONE_DIGIT)} s`;
}
