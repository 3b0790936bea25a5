/** The process behind batcherLoad.ts: autocannon, each connection with requests of its own, none sent twice. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import type { LoadOrder, LoadReport } from './batcherLoad.ts';

const [order] = (await once(process, 'message')) as [LoadOrder];
const { url, connections, rate } = order;
const bodies = await readBodies(order);
/** Each connection sends as many. */
const share = Math.floor(bodies.length / connections);
let nextClient = 0;
let okCount = 0;
const answersMs: number[] = [];
let firstRefusal: string | undefined;
const startedMs = performance.now();
await autocannon({
  url: `${url}/send-input`,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  connections,
  amount: share * connections,
  ...(rate === undefined ? {} : { overallRate: rate }),
  timeout: 30,
  setupClient: (client) => {
    const own = bodies.slice(nextClient * share, (nextClient + 1) * share);
    nextClient += 1;
    client.setRequests(own.map((body) => ({ body })));
    // The report has whole ms, which is coarse for answers of one or two.
    client.on('response', (_status: number, _bytes: number, answerMs: number) => answersMs.push(answerMs));
    client.on('body', (body: Buffer) => {
      const text = String(body);
      if (text.includes('"success":true')) okCount += 1;
      else firstRefusal ??= text;
    });
  },
});
const seconds = (performance.now() - startedMs) / 1000;
const wrong = share * connections - okCount;
const report: LoadReport = {
  perSecond: okCount / seconds,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
};
process.send?.(wrong === 0 ? report : { error: `${wrong} requests were not accepted: ${firstRefusal}` });
process.disconnect();

function percentile(share: number): number {
  const sorted = answersMs.sort((a, b) => a - b);
  return Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN) * 100) / 100;
}

async function readBodies({ file, from, count }: LoadOrder): Promise<string[]> {
  const lines: string[] = [];
  let number = 0;
  const stream = createReadStream(file);
  for await (const line of createInterface({ input: stream })) {
    if (number >= from + count) break;
    if (number >= from) lines.push(line);
    number += 1;
  }
  stream.destroy();
  return lines;
}
