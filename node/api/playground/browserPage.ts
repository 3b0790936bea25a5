/** A page of the node with a script of its own: its frame, and a route that lets it ask this node and nobody else. */
import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { Html, html } from '../../page/html.ts';
import { styleSheet } from '../../page/styles.ts';
import { defineRoute, ok, type Route } from '../route.ts';
import { type BrowserScript, loadBrowserScript } from './browserScript.ts';

/** Of controls, which the pages of reports do not have. */
const controlStyles = `form{margin:0}
.fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:.9rem 1.1rem;margin:0 0 1rem}
.field{min-width:0}
.field.whole{grid-column:1/-1}
label{display:block;font-size:.9rem;font-weight:600;margin:0 0 .25rem;overflow-wrap:anywhere}
.hint{color:var(--muted);font-size:.82rem;margin:.25rem 0 0}
input,select,textarea,button{font:inherit;font-size:.95rem;color:var(--text)}
input,select,textarea{width:100%;min-height:2.6rem;background:var(--page);border:1px solid var(--line);border-radius:6px;padding:.45rem .6rem}
textarea,input.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.85rem;line-height:1.5}
textarea{resize:vertical;min-height:6rem;display:block}
button{min-height:2.6rem;padding:.4rem 1rem;border-radius:6px;border:1px solid var(--line);background:var(--panel);cursor:pointer;font-weight:600}
button.main{background:var(--link);border-color:var(--link);color:var(--page)}
.buttons{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1rem}
input:focus-visible,select:focus-visible,textarea:focus-visible,button:focus-visible,main:focus-visible{outline:3px solid var(--link);outline-offset:2px}
main:focus{outline-offset:-3px}
pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere;width:auto}
[hidden]{display:none!important}
`;

export interface BrowserPage {
  readonly path: string;
  readonly summary: string;
  /** Of the answer. */
  readonly description: string;
  readonly title: string;
  /** Links under the title. */
  readonly links: readonly (readonly [href: string, name: string])[];
  /** Stands under the title until the script says more. */
  readonly lead: string;
  readonly main: Html;
  readonly footer: string;
  readonly noScript: string;
  readonly script: BrowserScript;
  /** Beside those that all pages have. */
  readonly styles: string;
}

/** @param version - Of the program. */
export function browserPageRoute(page: BrowserPage, version: string): Route {
  // Made on the first request: most nodes are never asked.
  let made: Promise<{ readonly text: string; readonly policy: string }> | undefined;
  return defineRoute({
    method: 'GET',
    path: page.path,
    summary: page.summary,
    tag: 'node',
    codes: [],
    answers: [
      {
        status: 200,
        description: page.description,
        schema: Type.String(),
        example: '<!doctype html>…',
        contentType: 'text/html',
      },
    ],
    handle: async () => {
      made ??= makePage(page, version);
      const { text, policy } = await made;
      return {
        ...ok(text),
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
        },
      };
    },
  });
}

async function makePage(
  page: BrowserPage,
  version: string,
): Promise<{ readonly text: string; readonly policy: string }> {
  const script = await loadBrowserScript(page.script);
  const styles = `${styleSheet}\n${controlStyles}${page.styles}`;
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    // The empty icon, which keeps browsers from asking for one.
    'img-src data:',
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(styles)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { text: renderPage(page, { script, styles, version }), policy };
}

function renderPage(
  { title, links, lead, main, footer, noScript }: BrowserPage,
  { script, styles, version }: Readonly<Record<'script' | 'styles' | 'version', string>>,
): string {
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Sidereal</title>
<link rel="icon" href="data:,">
<style>${new Html(styles)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="eyebrow">Sidereal ${version}</p>
<h1>${title}</h1>
<p class="lead" id="node">${lead}</p>
<nav aria-label="Parts and other pages"><ul>
${links.map(([href, name]) => html`<li><a href="${href}">${name}</a></li>\n`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${main}
</main>
<footer>${footer}</footer>
<noscript><p class="card bad">${noScript}</p></noscript>
<script>${new Html(script)}</script>
</body>
</html>`.text
  }\n`;
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
