/** The frame of the playground: what stands there before its script has asked the node anything. */
import { Html, html } from '../../page/html.ts';
import { styleSheet } from '../../page/styles.ts';

export const playgroundStyles = `${styleSheet}
form{margin:0}
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
.scroll.tall{max-height:26rem}
.endpoint{border:1px solid var(--grid);border-radius:8px;margin:0 0 .5rem;background:var(--page)}
.endpoint>summary{display:grid;grid-template-columns:3.4rem minmax(0,1fr);column-gap:.75rem;align-items:baseline;padding:.6rem .8rem;color:var(--text);list-style:none}
.endpoint>summary::-webkit-details-marker{display:none}
.endpoint>summary .path{font-weight:600;font-size:.9rem;overflow-wrap:anywhere}
.endpoint>summary .what{grid-column:2;color:var(--muted);font-size:.88rem}
.endpoint[open]>summary{border-bottom:1px solid var(--grid)}
.endpoint .inside{padding:.9rem .8rem .1rem}
.method{font-size:.78rem;font-weight:700;letter-spacing:.03em;color:var(--link)}
.method.post{color:var(--good)}
.steps{list-style:none;padding:0;margin:0 0 1rem;border-left:3px solid var(--grid)}
.steps li{padding:.15rem 0 .15rem .9rem;overflow-wrap:anywhere}
.steps time{color:var(--muted);font-size:.82rem;margin-right:.6rem;font-variant-numeric:tabular-nums}
.outcome{font-weight:650;margin:0 0 .5rem;overflow-wrap:anywhere}
h3.group{margin:1.75rem 0 .75rem;text-transform:capitalize}
.answers{font-size:.9rem;padding-left:1.1rem}
[hidden]{display:none!important}
`;

/** @param script - Runs when the page is there. */
export function renderPlayground(script: string, version: string): string {
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Playground · Sidereal</title>
<link rel="icon" href="data:,">
<style>${new Html(playgroundStyles)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="eyebrow">Sidereal ${version}</p>
<h1>Playground</h1>
<p class="lead" id="node">Asking the node how it is…</p>
<nav aria-label="Parts of this page"><ul>
<li><a href="#send">Send an input</a></li>
<li><a href="#endpoints">Endpoints</a></li>
<li><a href="/openapi.json">OpenAPI description</a></li>
</ul></nav>
</header>
<main id="content" tabindex="-1">
<section aria-labelledby="send">
<h2 id="send">Send an input</h2>
<div id="input-form"></div>
</section>
<section aria-labelledby="endpoints">
<h2 id="endpoints">Endpoints</h2>
<div id="endpoint-list"></div>
</section>
</main>
<footer>This page talks to the node that it came from, and to nobody else. Keys that it makes live as long as the page.</footer>
<noscript><p class="card bad">This page needs its script. docs/api.md says the same without one.</p></noscript>
<script>${new Html(script)}</script>
</body>
</html>`.text
  }\n`;
}
