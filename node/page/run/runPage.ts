/**
 * report.html of a single run: what came of it, drawn. A function of the run alone, so equal runs of the simulation give
 * equal bytes; on real processes no two runs are equal.
 */
import type { RunObservation } from '../../experiment/runObserver.ts';
import { showFee, showMs, showUsd } from '../../experiment/words.ts';
import type { RunResult } from '../../report/result.ts';
import { showDuration } from '../../scenario/reader.ts';
import { renderPage } from '../document.ts';
import { type Html, html } from '../html.ts';
import { styleOf } from '../palette.ts';
import { exposureFigure, settlementFigure } from '../parts/courseFigures.ts';
import { latencyFigure } from '../parts/latencyFigure.ts';
import { renderSource, type Source } from '../parts/reproduce.ts';
import { spaceTimeFigure } from '../parts/spaceTimeFigure.ts';
import {
  batchesTable,
  expectationsTable,
  lawsTable,
  renderVerdicts,
  slashesTable,
  validatorsTable,
} from './runTables.ts';

export interface RunReport {
  readonly result: RunResult;
  readonly observation: RunObservation;
  readonly batchSize: number;
  /** What was broken on purpose, a line each. */
  readonly faults: readonly string[];
  readonly version: string;
  readonly source: Source;
}

export function renderRunPage(report: RunReport): string {
  const { result, observation, batchSize, faults, version, source } = report;
  const { scenario, engine, seed, virtual_ms: virtualMs, validators, trace_hash: hash } = result;
  const where =
    engine === 'simulation'
      ? 'of virtual time in the simulation'
      : 'of real time on processes of this machine';
  return renderPage({
    title: scenario,
    kind: 'Sidereal run report',
    lead: `${validators.length} nodes, ${batchSize === 1 ? 'a batch every block' : `a batch every ${batchSize} blocks`}, ${showDuration(virtualMs)} ${where}, seed ${seed}.`,
    version,
    sections: [
      { id: 'outcome', title: 'Outcome', body: renderOutcome(report) },
      { id: 'waiting', title: 'How long blocks waited', body: distributionFigure(observation) },
      {
        id: 'run',
        title: 'Up close',
        body: spaceTimeFigure(
          observation.excerpt,
          validators.map(({ name }) => name),
          `Seed ${seed}`,
        ),
      },
      { id: 'course', title: 'Over time', body: renderCourse(observation) },
      { id: 'batches', title: 'Batches', body: batchesTable(result) },
      {
        id: 'justice',
        title: 'Faults, slashes and verdicts',
        body: html`${renderFaults(faults)}${slashesTable(result)}${renderVerdicts(result)}${validatorsTable(result)}`,
      },
      {
        id: 'reproduce',
        title: 'How to repeat this',
        body: renderSource(source, [
          { name: 'Version', value: version },
          { name: 'Seed', value: String(seed) },
          ...(engine === 'simulation' ? [{ name: 'Trace hash', value: html`<code>${hash}</code>` }] : []),
          { name: 'State root', value: html`<code>${result.state_root}</code>` },
        ]),
      },
    ],
  });
}

function renderOutcome({ result, observation }: RunReport): Html {
  const { ok, errors, warnings, expectations, laws, metrics, finalized_height: height } = result;
  const { measures } = observation;
  const failed = expectations.filter((expectation) => !expectation.ok).length;
  const broken = laws.filter(({ violations }) => violations.length > 0).length;
  const words = ok
    ? `${laws.length} laws held${expectations.length === 0 ? '' : `, and ${expectations.length === 1 ? 'the expectation' : `all ${expectations.length} expectations`}`}.`
    : `${broken} of ${laws.length} laws broken, ${failed} of ${expectations.length} expectations missed, ${errors.length} errors of the run.`;
  const latency = metrics.settlement_latency_ms;
  const isSettled = measures.settledBlocks > 0;
  const tiles = [
    ['final blocks', String(height), `${measures.settledBlocks} of them settled`],
    [
      'p99 latency',
      isSettled ? showMs(latency.p99) : 'nothing settled',
      isSettled ? `half within ${showMs(latency.p50)}, longest ${showMs(latency.max)}` : '',
    ],
    [
      'fee a block, fee units',
      isSettled ? showFee(Number(metrics.fee_per_block)) : 'none paid',
      `${showFee(Number(metrics.total_fee))} in all`,
    ],
    [
      'batches settled',
      `${measures.settledBatches} of ${measures.sealedBatches}`,
      `${metrics.pending_batches} pending at the end`,
    ],
    ['largest exposure', showUsd(measures.exposureUsdMax), 'unsettled net at genesis prices'],
    ['missed, slashed, reverted', `${measures.missed}, ${measures.slashed}, ${measures.reverted}`, ''],
  ] as const;
  return html`<div class="card${ok ? '' : ' bad'}"><p class="answer ${ok ? 'ok' : 'failed'}">${ok ? 'All held' : 'Failed'}</p>
<p>${words}</p>${errors.length === 0 ? undefined : html`<ul>${errors.slice(0, LINES_MAX).map((error) => html`<li>${error}</li>\n`)}</ul>`}</div>
<dl class="tiles">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value} <small>${note}</small></dd></div>\n`,
  )}</dl>
${
  warnings.length === 0
    ? undefined
    : html`<p>Warnings:</p>
<ul>${warnings.map((warning) => html`<li>${warning}</li>\n`)}</ul>
`
}${expectationsTable(result)}${lawsTable(result)}`;
}

/** Errors and faults shown. */
const LINES_MAX = 50;

function distributionFigure({ cdf, forecast }: RunObservation): Html {
  const closed =
    forecast.latency === undefined
      ? `No closed form is drawn: ${forecast.limits.join('; ')}.`
      : 'Dotted: the closed form of a fault-free run at this phase.';
  return latencyFigure({
    distributions: [{ name: 'this run', style: styleOf(0), steps: cdf, isMain: true }],
    forecast: forecast.latency,
    forecastName: 'closed form',
    caption: `From a block to the settlement block that settles it. Blocks that still waited at the end count as waiting, so the line may stay below 100 %. ${closed}`,
  });
}

function renderCourse({ series }: RunObservation): Html {
  return html`${exposureFigure({
    courses: [{ name: 'mean', series }],
    peakName: 'largest',
    caption:
      'Unsettled net value of all assets at genesis prices, in equal spans of time: the mean of each span and its largest value.',
  })}${settlementFigure(
    { name: 'this run', series },
    'Base fee, gas of all transactions over the gas limit, and batches settled, in equal spans of time.',
  )}`;
}

function renderFaults(faults: readonly string[]): Html {
  if (faults.length === 0)
    return html`<p>The scenario has no faults.</p>
`;
  return html`<h3>Faults</h3>
<ul>${faults.slice(0, LINES_MAX).map((fault) => html`<li>${fault}</li>\n`)}</ul>
`;
}
