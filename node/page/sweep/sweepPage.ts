/**
 * report.html of a sweep: what to choose and why, drawn. A function of the experiment alone: equal experiments give equal
 * bytes, whatever the machine, the day and the number of threads.
 */
import type { Results } from '../../experiment/results.ts';
import { showDuration } from '../../scenario/reader.ts';
import { renderPage } from '../document.ts';
import { type Html, html } from '../html.ts';
import { styleOf } from '../palette.ts';
import { exposureFigure, type NamedSeries, settlementFigure } from '../parts/courseFigures.ts';
import { latencyFigure } from '../parts/latencyFigure.ts';
import { renderSource } from '../parts/reproduce.ts';
import { spaceTimeFigure } from '../parts/spaceTimeFigure.ts';
import { renderTable } from '../table.ts';
import { exposureAgainstN, feeAgainstN, frontFigure, latencyAgainstN, resultsTable } from './pointFigures.ts';
import { renderRecommendation } from './recommendation.ts';
import { chosenPoint, nameOf, type SweepReport } from './sweepReport.ts';

/** Lines of a plot that has one for a point. */
const DISTRIBUTIONS_MAX = 5;
const COURSES_MAX = 3;
/** Runs in the table of seeds. */
const PLURAL_FROM = 2;

export function renderSweepPage(report: SweepReport): string {
  const { results, sample, source } = report;
  const { scenario, version, rows, seeds, duration_ms: durationMs, runs } = results;
  return renderPage({
    title: `Choosing N: ${scenario}`,
    kind: 'Sidereal experiment report',
    lead: `${counted(rows.length, 'point')} by ${counted(seeds, 'seed')}: ${counted(runs.length, 'run')} of ${showDuration(durationMs)} of virtual time, simulated with the whole node core.`,
    version,
    sections: [
      { id: 'recommendation', title: 'Recommendation', body: renderRecommendation(results) },
      {
        id: 'costs',
        title: 'What N costs',
        body: html`${latencyAgainstN(report)}${feeAgainstN(report)}${exposureAgainstN(report)}`,
      },
      { id: 'trade-off', title: 'The trade-off', body: frontFigure(report) ?? NOTHING_SETTLED },
      { id: 'waiting', title: 'How long blocks wait', body: distributionFigure(report) },
      { id: 'course', title: 'Over time', body: courses(results) },
      {
        id: 'run',
        title: 'One run up close',
        body: spaceTimeFigure(
          sample.excerpt,
          sample.nodes,
          `${nameOf(rows[sample.point] ?? { point: 0, batch_size: 0, settings: {} })}, seed ${sample.seed}`,
        ),
      },
      { id: 'results', title: 'All results', body: resultsTable(report) },
      {
        id: 'reproduce',
        title: 'How to repeat this',
        body: html`${renderSource(source, [
          { name: 'Version', value: version },
          {
            name: 'Seeds',
            value:
              seeds < PLURAL_FROM
                ? String(results.first_seed)
                : `${results.first_seed} to ${results.first_seed + seeds - 1}`,
          },
          { name: 'Experiment', value: html`<code>${results.experiment}</code>` },
          { name: 'One run again', value: html`<code>${results.rerun}</code>` },
          {
            name: 'Intervals',
            value: `95 %, ${results.resamples} draws of whole seeds; percentiles are off by at most ${Number((results.percentile_error * 100).toPrecision(2))} % of themselves`,
          },
        ])}<details><summary>Every run, with its trace hash</summary>
${runsTable(results)}</details>
`,
      },
    ],
  });
}

const NOTHING_SETTLED: Html = html`<p>Nothing was settled at any point.</p>
`;

/** The chosen point first, then the ends, the runner-up, and others evenly between. */
function shownPoints(results: Results, most: number): number[] {
  const last = results.rows.length - 1;
  const wanted = [
    chosenPoint(results),
    0,
    last,
    results.recommended?.runner_up?.point,
    ...Array.from({ length: most }, (_, index) => Math.round((index * last) / Math.max(1, most - 1))),
  ].filter((point) => point !== undefined);
  return [...new Set(wanted)].slice(0, most);
}

function distributionFigure({ results, forecasts }: SweepReport): Html {
  const { rows } = results;
  const [chosen = 0, ...others] = shownPoints(results, DISTRIBUTIONS_MAX);
  const forecast = forecasts[chosen]?.latency;
  const points = [chosen, ...others.sort((one, other) => one - other)];
  return latencyFigure({
    distributions: points.map((point, index) => ({
      name: nameOf(rows[point] ?? { point, batch_size: 0, settings: {} }),
      style: styleOf(index),
      steps: rows[point]?.latency_ms.cdf ?? [],
      isMain: index === 0,
    })),
    forecast,
    forecastName: `closed form, ${nameOf(rows[chosen] ?? { point: chosen, batch_size: 0, settings: {} })}`,
    caption: `Blocks that still waited when their run ended count as waiting, so a line may stay below 100 %. The thick line is the chosen point.${
      points.length < rows.length
        ? ` ${points.length} of ${rows.length} points are drawn; results.json has all.`
        : ''
    }`,
  });
}

function courses(results: Results): Html {
  const named = shownPoints(results, COURSES_MAX).flatMap((point): NamedSeries[] => {
    const row = results.rows[point];
    return row?.series === undefined ? [] : [{ name: nameOf(row), series: row.series }];
  });
  const [main] = named;
  if (main === undefined)
    return html`<p>No course was kept.</p>
`;
  const seed = `seed ${results.first_seed}`;
  return html`${exposureFigure({
    courses: named,
    peakName: `largest, ${main.name}`,
    caption: `Unsettled net value of one run of each point, ${seed}, in equal spans of time. It rises with every block and falls when a batch is settled.`,
  })}${settlementFigure(
    main,
    `The settlement chain in the run of ${main.name} with ${seed}: base fee, gas of all transactions over the gas limit, and batches settled, in equal spans of time.`,
  )}`;
}

function runsTable({ runs, rows }: Results): Html {
  return renderTable({
    caption: 'Runs',
    columns: [
      { name: 'point', isText: true },
      { name: 'seed' },
      { name: 'phase, ms' },
      { name: 'trace hash', isText: true },
    ],
    rows: runs.map(({ point, seed, phase_ms: phaseMs, trace_hash: hash }) => ({
      cells: [
        nameOf(rows[point] ?? { point, batch_size: 0, settings: {} }),
        String(seed),
        String(phaseMs),
        html`<code>${hash}</code>`,
      ],
    })),
  });
}

function counted(count: number, noun: string): string {
  const digits = String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${digits} ${noun}${count === 1 ? '' : 's'}`;
}
