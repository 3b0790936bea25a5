/** The tables of a run: what it expected, its batches, its slashes and what is known of them. */
import { showFee } from '../../experiment/words.ts';
import type { BatchResult, RunResult } from '../../report/result.ts';
import { type Html, html } from '../html.ts';
import { renderTable } from '../table.ts';

/** Violations in words, of each law. */
const VIOLATIONS_SHOWN_MAX = 5;

function verdictMark(isHeld: boolean): Html {
  return isHeld ? html`<span class="ok">✓ held</span>` : html`<span class="failed">✕ failed</span>`;
}

export function expectationsTable({ expectations }: RunResult): Html {
  if (expectations.length === 0)
    return html`<p>The scenario expects nothing.</p>
`;
  return renderTable({
    caption: 'What the scenario expects',
    columns: [
      { name: 'expectation', isText: true },
      { name: '', isText: true },
      { name: 'decided at' },
      { name: 'found', isText: true },
    ],
    rows: expectations.map(({ text, ok, at_ms: atMs, detail }) => ({
      cells: [text, verdictMark(ok), showSeconds(atMs), detail],
    })),
  });
}

export function lawsTable({ laws }: RunResult): Html {
  return renderTable({
    caption: 'The laws that every run must keep',
    columns: [
      { name: 'law', isText: true },
      { name: '', isText: true },
      { name: 'checks' },
      { name: 'violations, and what was not checked', isText: true },
    ],
    rows: laws.map(({ name, checks, violations, unchecked = [] }) => ({
      cells: [
        name,
        verdictMark(violations.length === 0),
        String(checks),
        [
          ...violations.slice(0, VIOLATIONS_SHOWN_MAX),
          ...unchecked.map((what) => `not checked: ${what}`),
        ].join('; '),
      ],
    })),
  });
}

export function batchesTable({ batches, truncated, windows }: RunResult): Html {
  const empty = windows.filter((window) => window.empty).length;
  const notes = [
    truncated === true ? 'Only the last batches of the run are here; batches.ndjson has all.' : '',
    empty > 0 ? `${empty} windows with net zero sealed nothing.` : '',
  ].filter((note) => note !== '');
  return renderTable({
    caption: `Net batches: ${batches.length}`,
    columns: [
      { name: 'batch' },
      { name: 'blocks' },
      { name: 'net', isText: true },
      { name: 'actions', isText: true },
      { name: 'attempts', isText: true },
      { name: 'state', isText: true },
      { name: 'sealed' },
      { name: 'included' },
      { name: 'settlement block' },
      { name: 'confirmed in' },
      { name: 'gas' },
      { name: 'fee' },
    ],
    rows: batches.map((batch) => ({ cells: batchCells(batch) })),
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  });
}

function batchCells(batch: BatchResult): string[] {
  const attempts = batch.attempts.map(({ proposer, outcome }) =>
    outcome === undefined || outcome === 'confirmed' ? proposer : `${proposer} (${outcome})`,
  );
  const holder = batch.attempts.at(-1)?.proposer;
  const { settler } = batch;
  const settled = settler === undefined || settler === holder ? '' : `, settled by ${settler}`;
  return [
    String(batch.seq),
    `${batch.from_height}–${batch.to_height}`,
    Object.entries(batch.net)
      .map(([asset, amount]) => `${asset} ${shortAmount(amount)}`)
      .join(', '),
    batch.actions
      .map(({ type, asset, amount }) => `${type.replace('_', ' ')} ${shortAmount(amount)} ${asset}`)
      .join(', '),
    `${attempts.join(', ')}${settled}`,
    batch.state,
    showSeconds(batch.sealed_at_ms),
    batch.included_at_ms === undefined ? '–' : showSeconds(batch.included_at_ms),
    batch.settlement_height === undefined ? '–' : String(batch.settlement_height),
    batch.confirmed_at_height === undefined ? '–' : `block ${batch.confirmed_at_height}`,
    batch.gas_used === undefined ? '–' : String(batch.gas_used),
    batch.fee === undefined ? '–' : showFee(Number(batch.fee)),
  ];
}

/** Four digits of what is longer than nine. */
function shortAmount(text: string): string {
  const sign = text.startsWith('-') ? '−' : '';
  const digits = text.replace(/^[-+]/, '');
  return digits.length <= 9 ? `${sign}${digits}` : `${sign}${showFee(Number(digits))}`;
}

export function slashesTable({ verdicts, slashes }: RunResult): Html {
  if (slashes.length === 0)
    return html`<p>Nobody was slashed.</p>
`;
  return renderTable({
    caption: `Slashes: ${slashes.length}`,
    columns: [
      { name: 'validator', isText: true },
      { name: 'for', isText: true },
      { name: 'batch' },
      { name: 'attempt' },
      { name: 'at block' },
      { name: 'amount' },
      { name: 'verdict', isText: true },
      { name: 'proof', isText: true },
    ],
    rows: slashes.map(({ validator, reason, batch, attempt, height, amount }) => {
      const verdict = verdicts.slashes.find(
        (each) =>
          each.validator === validator &&
          each.height === height &&
          each.batch === batch &&
          each.attempt === attempt,
      );
      return {
        cells: [
          validator,
          reason.replace('_', ' '),
          batch === undefined ? '–' : String(batch),
          attempt === undefined ? '–' : String(attempt),
          String(height),
          shortAmount(amount),
          verdict === undefined
            ? 'not among the newest'
            : verdict.wrongful
              ? html`<span class="failed">✕ wrongful</span>`
              : html`<span class="ok">✓ just</span>`,
          verdict?.proof === undefined ? 'none' : 'in result.json',
        ],
      };
    }),
  });
}

/** What the engine knows of duties and no node can. */
export function renderVerdicts({ verdicts }: RunResult): Html {
  const { attendance, wrongful_slashes: wrongful, unpunished_absences: unpunished, deadlines } = verdicts;
  const { present, disturbed, absent } = attendance;
  return html`<p>Duties: ${present} with their holder present, ${disturbed} disturbed, ${absent} absent. Wrongful slashes: ${wrongful}.
Unpunished absences: ${unpunished}.</p>
${renderTable({
  caption: 'What other deadlines would have done to the same duties',
  columns: [{ name: 'deadline, blocks' }, { name: 'slashed' }, { name: 'wrongful' }, { name: 'undecided' }],
  rows: deadlines.map(({ blocks, slashed, wrongful: wronged, undecided }) => ({
    cells: [String(blocks), String(slashed), String(wronged), String(undecided)],
    isMarked: blocks === verdicts.rules.submission_deadline_blocks,
  })),
  note: 'The marked row is the deadline of this run. Undecided: a slash came before the deadline could be reached.',
})}`;
}

export function validatorsTable({ validators }: RunResult): Html {
  return renderTable({
    caption: 'Validators at the end',
    columns: [
      { name: 'validator', isText: true },
      { name: 'stake' },
      { name: 'blocks led' },
      { name: 'duties' },
      { name: 'missed' },
      { name: 'standing', isText: true },
    ],
    rows: validators.map(({ name, stake, blocks_led: led, duties, missed, jailed, tombstoned }) => ({
      cells: [
        name,
        stake,
        String(led),
        String(duties),
        String(missed),
        tombstoned ? 'tombstoned' : jailed ? 'in jail' : 'good',
      ],
    })),
  });
}

function showSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(2))} s`;
}
