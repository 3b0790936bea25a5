/** Tables that scroll by themselves where the screen is narrow, and that a keyboard can scroll. */
import { type Html, html } from './html.ts';

export interface Column {
  readonly name: string;
  /** Text is aligned to the left, numbers to the right. */
  readonly isText?: boolean | undefined;
}

export interface TableRow {
  readonly cells: readonly (string | Html)[];
  /** Stands out, such as the recommended point. */
  readonly isMarked?: boolean | undefined;
}

export interface TableOptions {
  /** What it lists: its caption, and the name of its scrolling region. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
  /** Said below it, such as what was left out. */
  readonly note?: string | undefined;
}

/** Rows of one table; of more, the first and the last half of this. */
const ROWS_MAX = 200;

export function renderTable({ caption, columns, rows, note }: TableOptions): Html {
  const isLong = rows.length > ROWS_MAX;
  const shown = isLong ? [...rows.slice(0, ROWS_MAX / 2), ...rows.slice(-ROWS_MAX / 2)] : rows;
  const cut = isLong ? `The ${rows.length - ROWS_MAX} rows in the middle are left out here.` : undefined;
  const notes = [cut, note].filter((text) => text !== undefined);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
<table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ name, isText }) => html`<th scope="col"${classOf(isText)}>${name}</th>`)}</tr></thead>
<tbody>
${shown.map(({ cells, isMarked }) => renderRow(cells, columns, isMarked))}</tbody>
</table>
</div>
${notes.map((text) => html`<p class="note">${text}</p>\n`)}`;
}

function renderRow(cells: TableRow['cells'], columns: readonly Column[], isMarked = false): Html {
  const [first = '', ...rest] = cells;
  const mark = isMarked ? html` class="marked"` : undefined;
  return html`<tr${mark}><th scope="row"${classOf(columns[0]?.isText)}>${first}</th>${rest.map(
    (cell, index) => html`<td${classOf(columns[index + 1]?.isText)}>${cell}</td>`,
  )}</tr>
`;
}

function classOf(isText: boolean | undefined): Html | undefined {
  return isText === true ? html` class="text"` : undefined;
}
