/** The parts of docs/api.md that are made from the routes themselves: endpoints, and a signed example. */
import { toHex } from '../../consensus/primitives/bytes.ts';
import { atomicBatchBodyExample, readAtomicBatchBody } from '../../node/api/atomicBatchBody.ts';
import { EventLog } from '../../node/api/eventLog.ts';
import { NodeLogger } from '../../node/api/logger.ts';
import type { NodeView } from '../../node/api/nodeView.ts';
import { codesOf } from '../../node/api/openApi.ts';
import type { Route } from '../../node/api/route.ts';
import { ApiServer } from '../../node/api/server.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { decodeTransaction, signTransactionAsEvmAccount } from '../../settlement/execution/transaction.ts';
import { code, type Parts, renderTable } from './markdown.ts';

/** Codes that every route has; the text of the document names them once. */
const everywhere: readonly string[] = ['HEADERS_TOO_LARGE', 'REQUEST_TIMEOUT', 'INTERNAL'];

export function apiParts(): Parts {
  const rows = listRoutes().map((route) => [
    code(`${route.method} ${route.path}`),
    route.summary,
    route.answers.map(({ status }) => status).join(', '),
    codesOf(route)
      .filter((one) => !everywhere.includes(one))
      .map(code)
      .join(', '),
  ]);
  return {
    endpoints: renderTable(['endpoint', 'what', 'answers', 'refusals'], rows),
    signing: signingExample(),
  };
}

/** The example body, signed by the devnet's first account for a made-up chain: something to hold an own encoder against. */
function signingExample(): string {
  const [account] = deriveFundedAccounts();
  const chainId = `0x${'ab'.repeat(32)}`;
  const read = readAtomicBatchBody(atomicBatchBodyExample, chainId);
  const decoded = read.ok ? decodeTransaction(read.value) : undefined;
  if (account === undefined || decoded?.ok !== true) throw new Error('the example is no batch');
  const { id, signingBytes, transaction } = decoded.value;
  const { signature } = signTransactionAsEvmAccount(transaction, account.secretKey).auth;
  return [
    `The example body of \`GET /openapi.json\` on the chain ${code(chainId)}, signed by the first funded account of a devnet:`,
    '',
    '```',
    `bytes      ${toHex(signingBytes)}`,
    `id         ${id}`,
    `signature  ${toHex(signature)}`,
    '```',
  ].join('\n');
}

/** Routes look at the node when they are asked, so a description needs none. */
function listRoutes(): readonly Route[] {
  const nobody = (): never => {
    throw new Error('a description asks no node');
  };
  const node: NodeView = {
    self: 0,
    version: '',
    operator: undefined,
    reader: nobody,
    nowMs: nobody,
    peers: nobody,
    submit: nobody,
    pauseSettlement: nobody,
    restart: nobody,
    counters: nobody,
  };
  const names = { nameOf: String, labelOf: () => undefined };
  const events = new EventLog({ self: 0, names, epoch: '', kept: 1 });
  const logger = new NodeLogger({ node: '', level: 'none', out: { write: () => undefined } });
  return new ApiServer({ host: '', port: 0, adminToken: '' }, { node, events, logger }).routes;
}
