/** `GET /auto-batches/live`: the section "Orders and batches" on a page of its own. */
import { html } from '../../page/html.ts';
import type { BrowserPage } from './browserPage.ts';
import { orderStyles } from './orderStyles.ts';

export const orderPage: BrowserPage = {
  path: '/auto-batches/live',
  summary: 'A page that shows orders and their batches as they move',
  description: 'one page that asks this node alone, again and again',
  title: 'Orders and batches',
  links: [
    ['/documentation', 'Playground'],
    ['/auto-batch-stats', 'Figures as JSON'],
    ['/auto-batches', 'Batches as JSON'],
  ],
  lead: 'Orders of one party, joined into one submission to the ledger.',
  main: html`<div id="orders"></div>`,
  footer: 'This page talks to the node that it came from, and to nobody else.',
  noScript:
    'This page needs its script. GET /auto-batch-stats and GET /auto-batches say the same without one.',
  script: 'orders',
  styles: orderStyles,
};
