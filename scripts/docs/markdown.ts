/** The few bits of Markdown that generated parts need, and how they are put into a document. Pure. */

/** Text that makes one part of a document, by the name in its markers. */
export type Parts = Readonly<Record<string, string>>;

/** A table. Cells are Markdown; a bar or a line break in one is made harmless. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** A meaning from a code table as a sentence of its own. */
export function asSentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function escapeCell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
}

/**
 * Puts parts between their markers `<!-- generated:NAME -->` and `<!-- /generated -->`.
 * @throws {Error} when a marker names no part, a part has no marker, or a marker is not closed.
 */
export function replaceParts(document: string, parts: Parts): string {
  const used = new Set<string>();
  const replaced = document.replace(
    /<!-- generated:([\w-]+) -->\n[\s\S]*?<!-- \/generated -->/g,
    (_, name: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`no generated part is called ${name}`);
      used.add(name);
      return `<!-- generated:${name} -->\n\n${part}\n\n<!-- /generated -->`;
    },
  );
  const opened = document.match(/<!-- generated:/g)?.length ?? 0;
  if (opened !== used.size) throw new Error(`${opened} markers opened, ${used.size} closed and distinct`);
  for (const name of Object.keys(parts)) {
    if (!used.has(name)) throw new Error(`the document has no marker for the part ${name}`);
  }
  return replaced;
}

/** What is said of each key, checked both ways: a key without words and words without a key are mistakes. */
export function checkMeanings(what: string, keys: Iterable<string>, meanings: Iterable<string>): void {
  const known = new Set(keys);
  const said = new Set(meanings);
  const missing = [...known].filter((key) => !said.has(key));
  const stale = [...said].filter((key) => !known.has(key));
  if (missing.length > 0) throw new Error(`${what}: say what these mean: ${missing.join(', ')}`);
  if (stale.length > 0) throw new Error(`${what}: these do not exist: ${stale.join(', ')}`);
}
