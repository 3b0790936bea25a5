/** A whole page: one file that loads nothing, forbids itself to, and is the same whoever opens it. */
import { Html, html } from './html.ts';
import { styleSheet } from './styles.ts';

/** Largest page, in bytes. */
export const PAGE_BYTES_MAX = 2 * 1024 * 1024;

export interface Section {
  /** An anchor, unique within the page. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

export interface Page {
  readonly title: string;
  /** Above the title: what kind of page it is. */
  readonly kind: string;
  /** Below it: what was done. */
  readonly lead: string;
  readonly sections: readonly Section[];
  readonly version: string;
}

/** @returns The page as text, with a line break at its end. */
export function renderPage({ title, kind, lead, sections, version }: Page): string {
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Sidereal ${version}">
<title>${title} · Sidereal</title>
<style>
${new Html(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="eyebrow">${kind}</p>
<h1>${title}</h1>
<p class="lead">${lead}</p>
<nav aria-label="Parts of this page"><ul>
${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>\n`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${sections.map(
  ({ id, title: name, body }) => html`<section aria-labelledby="${id}">
<h2 id="${id}">${name}</h2>
${body}</section>
`,
)}</main>
<footer>Written by Sidereal ${version}. Everything on this page is in this file; it loads nothing.</footer>
</body>
</html>`.text
  }\n`;
}

/** A text to copy, in a region that scrolls by itself. */
export function renderCode(text: string, name: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><pre><code>${text}</code></pre></div>
`;
}
