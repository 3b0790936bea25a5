/** `GET /documentation`: a page that lists every endpoint, tries them out, and sends inputs that it signs itself. */
import { html } from '../../page/html.ts';
import type { BrowserPage } from './browserPage.ts';

const styles = `.scroll.tall{max-height:26rem}
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
`;

export const playgroundPage: BrowserPage = {
  path: '/documentation',
  summary: 'A page to try all this out, and to send inputs from',
  description: 'one page that talks to this node alone',
  title: 'Playground',
  links: [
    ['#send', 'Send an input'],
    ['#endpoints', 'Endpoints'],
    ['/auto-batches/live', 'Orders and batches'],
    ['/openapi.json', 'OpenAPI description'],
  ],
  lead: 'Asking the node how it is…',
  main: html`<section aria-labelledby="send">
<h2 id="send">Send an input</h2>
<div id="input-form"></div>
</section>
<section aria-labelledby="endpoints">
<h2 id="endpoints">Endpoints</h2>
<div id="endpoint-list"></div>
</section>`,
  footer:
    'This page talks to the node that it came from, and to nobody else. Keys that it makes live as long as the page.',
  noScript: 'This page needs its script. docs/api.md says the same without one.',
  script: 'playground',
  styles,
};
