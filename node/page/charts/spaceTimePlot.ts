/**
 * A space-time diagram of a part of a run: one lane for each node, one for the windows above and one for the settlement chain
 * below, with lines from sealing to settlement and back to the block that confirms. On a phone time runs downwards.
 */
import type { RunExcerpt } from '../../report/excerpt.ts';
import { drawChart, FONT_PIXELS, type Layout } from '../chart.ts';
import type { Html } from '../html.ts';
import { type ColorName, colorOf } from '../palette.ts';

export interface SpaceTime {
  readonly excerpt: RunExcerpt;
  /** Nodes that get a lane, in order. */
  readonly nodes: readonly string[];
}

/** Nodes with a lane of their own; more would be threads. */
export const LANES_MAX = 12;
/** Pixels of a lane, and what lies outside of all lanes. */
const LANE_PIXELS = 40;
const FRAME_PIXELS = 62;
/** Pixels a second takes where time runs downwards. */
const NARROW_PIXELS_PER_SECOND = 15;
const NARROW_PIXELS = { least: 420, most: 1400 } as const;
const BLOCK_PIXELS = 15;
/** Pixels below which neighbours get no number. */
const NUMBER_PIXELS = 17;

const WINDOWS = 'windows';
const LINKS = 'links';
const CHAIN = 'settlement';

/** Heights of the drawing. */
export function heightsOf({ excerpt, nodes }: SpaceTime): { readonly wide: number; readonly narrow: number } {
  const seconds = (excerpt.toMs - excerpt.fromMs) / 1000;
  return {
    wide: lanesOf({ excerpt, nodes }).length * LANE_PIXELS + FRAME_PIXELS,
    narrow: Math.min(
      NARROW_PIXELS.most,
      Math.max(NARROW_PIXELS.least, seconds * NARROW_PIXELS_PER_SECOND + FRAME_PIXELS),
    ),
  };
}

function lanesOf({ excerpt, nodes }: SpaceTime): readonly string[] {
  const hasLinkFaults = excerpt.faults.some(({ name, node }) => node === null && name !== 'settlement_chain');
  return [WINDOWS, ...nodes, ...(hasLinkFaults ? [LINKS] : []), CHAIN];
}

export function drawSpaceTime(spaceTime: SpaceTime, layout: Layout, id: string): Html {
  const { excerpt } = spaceTime;
  const { isNarrow } = layout;
  const lanes = lanesOf(spaceTime);
  const seconds = (ms: number): number => ms / 1000;
  const time = {
    type: 'value',
    min: seconds(excerpt.fromMs),
    max: seconds(excerpt.toMs),
    inverse: isNarrow,
    name: isNarrow ? '' : 'seconds',
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: colorOf('muted'), fontSize: FONT_PIXELS },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      color: colorOf('muted'),
      fontSize: FONT_PIXELS,
      hideOverlap: true,
      formatter: (value: number) => `${Number(value.toFixed(1))}${isNarrow ? ' s' : ''}`,
    },
    splitLine: { lineStyle: { color: colorOf('grid') } },
    splitNumber: isNarrow ? 12 : 10,
  };
  const space = {
    type: 'value',
    min: -0.6,
    max: lanes.length - 0.4,
    interval: 1,
    inverse: !isNarrow,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { show: false },
  };
  return drawChart(
    {
      grid: isNarrow
        ? { left: 38, right: 6, top: 34, bottom: 12 }
        : { left: 92, right: 16, top: 10, bottom: 46 },
      xAxis: isNarrow ? space : time,
      yAxis: isNarrow ? time : space,
      series: [
        {
          type: 'custom',
          silent: true,
          data: [[0, 0]],
          renderItem: (_: unknown, api: { coord(place: number[]): number[] }) => {
            const place = (atMs: number, lane: number): Place => {
              const [x = 0, y = 0] = api.coord(isNarrow ? [lane, seconds(atMs)] : [seconds(atMs), lane]);
              return { x, y };
            };
            return { type: 'group', children: new Drawing(spaceTime, lanes, { place, isNarrow }).shapes() };
          },
        },
      ],
    },
    layout,
    id,
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}
type Shape = object;

class Drawing {
  readonly #excerpt: RunExcerpt;
  readonly #lanes: readonly string[];
  readonly #place: (atMs: number, lane: number) => Place;
  readonly #isNarrow: boolean;

  constructor(
    { excerpt }: SpaceTime,
    lanes: readonly string[],
    room: { readonly place: (atMs: number, lane: number) => Place; readonly isNarrow: boolean },
  ) {
    this.#excerpt = excerpt;
    this.#lanes = lanes;
    this.#place = room.place;
    this.#isNarrow = room.isNarrow;
  }

  /** From the back to the front. */
  shapes(): Shape[] {
    return [
      ...this.#laneLines(),
      ...this.#faults(),
      ...this.#windows(),
      ...this.#ways(),
      ...this.#finals(),
      ...this.#blocks(),
      ...this.#settlementBlocks(),
      ...this.#submissions(),
      ...this.#failures(),
    ];
  }

  #laneOf(name: string | null): number | undefined {
    const lane = name === null ? -1 : this.#lanes.indexOf(name);
    return lane < 0 ? undefined : lane;
  }

  get #chainLane(): number {
    return this.#lanes.length - 1;
  }

  #isShown(atMs: number): boolean {
    return atMs >= this.#excerpt.fromMs && atMs <= this.#excerpt.toMs;
  }

  #laneLines(): Shape[] {
    const { fromMs, toMs } = this.#excerpt;
    return this.#lanes.flatMap((name, lane) => {
      const [from, to] = [this.#place(fromMs, lane), this.#place(toMs, lane)];
      const title = this.#isNarrow
        ? textShape({ x: from.x, y: from.y - 14 }, this.#shortName(name), { align: 'center', color: 'muted' })
        : textShape({ x: from.x - 16, y: from.y }, name, { align: 'right', color: 'muted' });
      return lane === 0 ? [title] : [lineShape([from, to], 'grid', { width: 1.5 }), title];
    });
  }

  /** A column is narrow: of long names the end tells them apart. */
  #shortName(name: string): string {
    if (name === CHAIN) return 'chain';
    if (name === WINDOWS) return 'batch';
    const most = this.#lanes.length > 7 ? 4 : 8;
    return name.length <= most ? name : `…${name.slice(-(most - 1))}`;
  }

  #faults(): Shape[] {
    const { fromMs, toMs } = this.#excerpt;
    return this.#excerpt.faults.flatMap((fault) => {
      const shared = fault.name === 'settlement_chain' ? CHAIN : LINKS;
      const lane = this.#laneOf(fault.node ?? shared);
      if (lane === undefined) return [];
      const start = this.#place(Math.max(fault.fromMs, fromMs), lane);
      const end = this.#place(Math.min(fault.toMs ?? toMs, toMs), lane);
      const label = textShape(
        this.#isNarrow ? { x: start.x, y: start.y + 9 } : { x: start.x + 4, y: start.y - 12 },
        fault.name.replaceAll('_', ' '),
        { align: this.#isNarrow ? 'center' : 'left', color: 'bad', size: FONT_PIXELS - 2 },
      );
      return [this.#bar(start, end, { color: 'bad', opacity: 0.22, half: 10 }), label];
    });
  }

  /** A bar along a lane; never thinner than the eye sees. */
  #bar(start: Place, end: Place, look: { color: ColorName; opacity: number; half: number }): Shape {
    const { color, opacity, half } = look;
    const shape = this.#isNarrow
      ? { x: start.x - half, y: start.y, width: 2 * half, height: Math.max(3, end.y - start.y), r: 3 }
      : { x: start.x, y: start.y - half, width: Math.max(3, end.x - start.x), height: 2 * half, r: 3 };
    return { type: 'rect', shape, style: { fill: colorOf(color), opacity } };
  }

  #windows(): Shape[] {
    const { batches, blocks, fromMs } = this.#excerpt;
    return batches.flatMap(({ seq, fromHeight, sealedAtMs }) => {
      const first = blocks.find(({ height }) => height === fromHeight);
      const start = this.#place(Math.max(first?.proposedAtMs ?? fromMs, fromMs), 0);
      const end = this.#place(sealedAtMs, 0);
      const length = this.#isNarrow ? end.y - start.y : end.x - start.x;
      const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
      const text = length > 60 && !this.#isNarrow ? `batch ${seq}` : String(seq);
      const box = this.#bar(start, end, { color: 'blue', opacity: 0.18, half: 9 });
      if (length < NUMBER_PIXELS && this.#isNarrow) return [box];
      return [box, textShape(middle, text, { align: 'center', color: 'text', size: FONT_PIXELS - 1 })];
    });
  }

  /** From the seal to who submits, on to the settlement chain, and back to the block that confirms. */
  #ways(): Shape[] {
    const { batches, submissions, settlements, settlementBlocks, blocks } = this.#excerpt;
    const shapes: Shape[] = [];
    for (const { seq, sealedAtMs } of batches) {
      const first = submissions.find((each) => each.seq === seq);
      const lane = first === undefined ? undefined : this.#laneOf(first.node);
      if (first === undefined || lane === undefined) continue;
      shapes.push(
        lineShape([this.#place(sealedAtMs, 0), this.#place(first.atMs, lane)], 'blue', { width: 1 }),
      );
    }
    for (const { seq, settlementHeight, settler, confirmedAtHeight } of settlements) {
      const included = settlementBlocks.findLast(({ height }) => height === settlementHeight);
      if (included === undefined) continue;
      const settled = this.#place(included.atMs, this.#chainLane);
      const sent = submissions.findLast((each) => each.seq === seq && each.node === settler);
      const lane = sent === undefined ? undefined : this.#laneOf(sent.node);
      if (sent !== undefined && lane !== undefined)
        shapes.push(lineShape([this.#place(sent.atMs, lane), settled], 'green', { width: 1.5 }));
      const confirming = blocks.findLast(({ height }) => height === confirmedAtHeight);
      const back = confirming === undefined ? undefined : this.#laneOf(confirming.leader);
      if (confirming !== undefined && back !== undefined)
        shapes.push(
          lineShape([settled, this.#place(confirming.proposedAtMs, back)], 'orange', {
            width: 1.5,
            dash: [4, 3],
          }),
        );
    }
    return shapes;
  }

  #finals(): Shape[] {
    return this.#excerpt.finals.flatMap(({ atMs, node }) => {
      const lane = this.#laneOf(node);
      if (lane === undefined || !this.#isShown(atMs)) return [];
      const { x, y } = this.#place(atMs, lane);
      return [{ type: 'circle', shape: { cx: x, cy: y, r: 2 }, style: { fill: colorOf('line') } }];
    });
  }

  #blocks(): Shape[] {
    const { blocks, batches } = this.#excerpt;
    const shown = blocks.filter(({ proposedAtMs }) => this.#isShown(proposedAtMs));
    const every = this.#everyNumber(shown.map(({ proposedAtMs }) => proposedAtMs));
    return shown.flatMap(({ height, leader, proposedAtMs }) => {
      const lane = this.#laneOf(leader);
      if (lane === undefined) return [];
      const seals = batches.some(({ toHeight }) => toHeight === height);
      const at = this.#place(proposedAtMs, lane);
      const hasNumber = height % every === 0 || every === 1;
      return this.#box(at, hasNumber ? String(height) : '', seals ? 'blue' : undefined);
    });
  }

  #settlementBlocks(): Shape[] {
    const { settlementBlocks, settlements } = this.#excerpt;
    const shown = settlementBlocks.filter(({ atMs }) => this.#isShown(atMs));
    const every = this.#everyNumber(shown.map(({ atMs }) => atMs));
    return shown.flatMap(({ height, atMs }) => {
      const settles = settlements.some(({ settlementHeight }) => settlementHeight === height);
      const at = this.#place(atMs, this.#chainLane);
      return this.#box(at, height % every === 0 ? String(height) : '', settles ? 'green' : undefined);
    });
  }

  /** How many blocks share a number so that numbers do not touch. */
  #everyNumber(times: readonly number[]): number {
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    const [from, to] = [this.#place(first, 0), this.#place(last, 0)];
    const pixels = (this.#isNarrow ? to.y - from.y : to.x - from.x) / Math.max(1, times.length - 1);
    return pixels >= NUMBER_PIXELS || times.length < 2 ? 1 : pixels * 5 >= NUMBER_PIXELS ? 5 : 20;
  }

  /** A block: filled where it is told apart, with its number where there is room. */
  #box({ x, y }: Place, text: string, fill: 'blue' | 'green' | undefined): Shape[] {
    const isNumbered = text !== '';
    const size = isNumbered ? BLOCK_PIXELS : 6;
    const width = isNumbered ? Math.max(size, text.length * 7 + 5) : size;
    const box = {
      type: 'rect',
      shape: { x: x - width / 2, y: y - size / 2, width, height: size, r: 3 },
      style: {
        fill: colorOf(fill ?? 'page'),
        stroke: colorOf(fill ?? 'muted'),
        lineWidth: 1.2,
      },
    };
    if (!isNumbered) return [box];
    return [
      box,
      textShape({ x, y: y + 0.5 }, text, {
        align: 'center',
        color: fill === undefined ? 'text' : 'page',
        size: FONT_PIXELS - 2,
      }),
    ];
  }

  #submissions(): Shape[] {
    return this.#excerpt.submissions.flatMap(({ atMs, node }) => {
      const lane = this.#laneOf(node);
      if (lane === undefined || !this.#isShown(atMs)) return [];
      const { x, y } = this.#place(atMs, lane);
      return [
        {
          type: 'polygon',
          shape: {
            points: [
              [x - 5, y + 5],
              [x + 5, y + 5],
              [x, y + 13],
            ],
          },
          style: { fill: colorOf('green'), stroke: colorOf('page'), lineWidth: 1 },
        },
      ];
    });
  }

  #failures(): Shape[] {
    return this.#excerpt.failures.flatMap(({ atMs, node, what }, index, all) => {
      const lane = this.#laneOf(node);
      if (lane === undefined || !this.#isShown(atMs)) return [];
      const { x, y } = this.#place(atMs, lane);
      const arm = 5;
      const cross = [
        [
          { x: x - arm, y: y - arm },
          { x: x + arm, y: y + arm },
        ],
        [
          { x: x - arm, y: y + arm },
          { x: x + arm, y: y - arm },
        ],
      ].map((points) => lineShape(points, 'bad', { width: 2.5 }));
      // What comes at one instant at one node stands one under the other.
      const row = all.slice(0, index).filter((each) => each.atMs === atMs && each.node === node).length;
      const label = textShape({ x: x + 8, y: y - 8 - row * 11 }, what, {
        align: 'left',
        color: 'bad',
        size: FONT_PIXELS - 1,
      });
      return [...cross, label];
    });
  }
}

function lineShape(
  points: readonly Place[],
  color: ColorName,
  look: { readonly width: number; readonly dash?: readonly number[] },
): Shape {
  return {
    type: 'polyline',
    shape: { points: points.map(({ x, y }) => [x, y]) },
    style: {
      stroke: colorOf(color),
      lineWidth: look.width,
      fill: 'none',
      ...(look.dash === undefined ? {} : { lineDash: [...look.dash] }),
    },
  };
}

function textShape(
  { x, y }: Place,
  text: string,
  look: { readonly align: 'left' | 'center' | 'right'; readonly color: ColorName; readonly size?: number },
): Shape {
  return {
    type: 'text',
    x,
    y,
    style: {
      text,
      fill: colorOf(look.color),
      fontSize: look.size ?? FONT_PIXELS,
      fontFamily: 'inherit',
      align: look.align,
      verticalAlign: 'middle',
    },
  };
}
