/** The first part of the page of a sweep: what to choose, how surely, and what speaks against it. */
import type { LimitUseResult, ResultRow, Results } from '../../experiment/results.ts';
import { showFee, showMs, showShare, showUsd } from '../../experiment/words.ts';
import { type Html, html } from '../html.ts';
import { renderTable } from '../table.ts';
import { chosenPoint, nameOf } from './sweepReport.ts';

/** Problems shown of broken runs. */
const PROBLEMS_SHOWN_MAX = 10;
/** Points shown of those that the draws choose. */
const CHOSEN_SHOWN_MAX = 8;

export function renderRecommendation(results: Results): Html {
  const { recommended, nearest_miss: miss, rows } = results;
  const row = rows[chosenPoint(results)];
  const limits = recommended?.limits ?? miss?.limits ?? [];
  return html`${renderProblems(results)}${
    recommended === null
      ? html`<div class="card bad"><p class="answer failed">No point keeps the limits</p>
<p>${miss === null ? 'Nothing was settled at any point.' : `${miss.why}.`}</p></div>
`
      : html`<div class="card"><p class="answer ok">Take ${nameOf(recommended)}</p>
<p>${recommended.why}</p>
${recommended.runner_up === null ? undefined : html`<p><strong>Runner-up:</strong> ${recommended.runner_up.why}.</p>`}</div>
`
  }${row === undefined ? undefined : renderTiles(row)}${limits.length === 0 ? undefined : renderLimits(limits)}${renderCertainty(results)}`;
}

function renderProblems({ runs, rows }: Results): Html | undefined {
  const broken = runs.filter(({ problems }) => problems !== undefined);
  if (broken.length === 0) return undefined;
  return html`<div class="card bad"><p class="answer failed">Nothing here can be relied on</p>
<p>${broken.length} of ${runs.length} runs broke a law or went wrong:</p>
<ul>${broken
    .slice(0, PROBLEMS_SHOWN_MAX)
    .map(
      ({ point, seed, problems = [] }) =>
        html`<li>N = ${rows[point]?.batch_size ?? 0}, seed ${seed}: ${problems[0] ?? ''}</li>\n`,
    )}</ul></div>
`;
}

function renderTiles(row: ResultRow): Html {
  const { latency_ms: latency, fee_per_block: fee, exposure_usd: exposure, ci95 } = row;
  const range = (interval: readonly (number | string)[] | null, show: (value: number) => string): string =>
    interval === null
      ? 'no interval: one seed'
      : `95 %: ${show(Number(interval[0]))} to ${show(Number(interval[1]))}`;
  const tiles = [
    [`p99 latency at ${nameOf(row)}`, showMs(latency.p99 ?? Infinity), range(latency.ci95.p99, showMs)],
    [
      'fee a block, fee units',
      fee.mean === null ? 'none paid' : showFee(Number(fee.mean)),
      range(fee.ci95, showFee),
    ],
    ['unsettled on average', showUsd(exposure.mean), range(ci95.exposure_usd_mean, showUsd)],
    [
      'of the settlement chain',
      showShare(row.settlement_chain_share),
      range(ci95.settlement_chain_share, showShare),
    ],
    [
      'missed, slashed, reverted',
      `${row.missed}, ${row.slashed}, ${row.reverted}`,
      `in ${row.runs} ${row.runs === 1 ? 'run' : 'runs'}`,
    ],
  ] as const;
  return html`<dl class="tiles">${tiles.map(
    ([name, value, note]) => html`<div><dt>${name}</dt><dd>${value} <small>${note}</small></dd></div>\n`,
  )}</dl>
`;
}

function renderLimits(limits: readonly LimitUseResult[]): Html {
  return renderTable({
    caption: 'The limits that were set',
    columns: [
      { name: 'limit', isText: true },
      { name: 'allowed' },
      { name: 'found' },
      { name: '95 % interval' },
      { name: 'kept', isText: true },
    ],
    rows: limits.map(({ limit, allowed, value, met, ci95 }) => {
      const show = limit === 'latency_p99_ms' ? showMs : showFee;
      return {
        cells: [
          describeLimit(limit),
          show(allowed),
          value === null ? 'never reached' : show(value),
          ci95 === null ? '–' : `${show(ci95[0])} to ${show(ci95[1])}`,
          met ? html`<span class="ok">✓ kept</span>` : html`<span class="failed">✕ missed</span>`,
        ],
      };
    }),
  });
}

export function describeLimit(limit: string): string {
  if (limit === 'latency_p99_ms') return 'p99 latency';
  if (limit === 'fee_per_block') return 'fee a block, fee units';
  return `largest exposure in ${limit.slice('exposure.'.length)}, smallest units`;
}

/** How often each point is chosen when the seeds are drawn anew. */
function renderCertainty({ recommended, resamples, seeds }: Results): Html | undefined {
  if (recommended === null || seeds < 2 || recommended.chosen.length === 0) return undefined;
  const { chosen, ci95 } = recommended;
  const interval =
    ci95 === null
      ? ''
      : ci95[0] === ci95[1]
        ? ` 95 % of the draws choose N = ${ci95[0]}.`
        : ` 95 % of the draws choose N from ${ci95[0]} to ${ci95[1]}.`;
  return html`<h3>How sure this is</h3>
<p>The ${seeds} seeds are drawn anew ${resamples} times, and the choice is made again each time.${interval}</p>
<ul class="bars">${chosen
    .slice(0, CHOSEN_SHOWN_MAX)
    .map(
      (point) =>
        html`<li><span>${nameOf(point)}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width="100" height="8" fill="var(--grid)"/><rect width="${Number((point.share * 100).toFixed(2))}" height="8" fill="var(--blue)"/></svg><span>${showShare(point.share)}</span></li>\n`,
    )}</ul>
`;
}
