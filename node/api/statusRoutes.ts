/** `GET /status`, `/health`, `/health/live`, `/health/ready`: how the node is. */
import { type Static, Type } from '@sinclair/typebox';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import type { InputPipeline } from '../batcher/pipeline/inputPipeline.ts';
import {
  closed,
  countField,
  described,
  hashExample,
  hashField,
  heightField,
  nameField,
  nullable,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { type AnswerShape, defineRoute, ok, type Route } from './route.ts';

/** A head older than this many block times is stale. */
const STALE_BLOCKS = 10;

const statusSchema = Type.Object(
  {
    name: nameField,
    chain_id: hashField,
    version: Type.String(),
    now_ms: timeField,
    height: Type.Integer({ minimum: 0, description: 'newest notarised block' }),
    finalized_height: heightField,
    state_root: hashField,
    view: countField,
    leader: nameField,
    settlement_height: Type.Integer({ minimum: -1, description: '-1: none is known yet' }),
    pending_batches: countField,
    peers: countField,
    mempool_transactions: countField,
    settlement_paused: Type.Boolean(),
    halted: nullable(Type.String({ description: 'code of what stopped the node from voting' })),
    batcher: nullable(
      Type.Object(
        {
          isInitialized: Type.Boolean({ description: 'it takes inputs' }),
          adapterTargets: Type.Array(Type.String()),
          defaultTarget: Type.String(),
          namespace: Type.String({ description: 'first part of the text that users sign' }),
        },
        { ...closed, description: 'null: off' },
      ),
    ),
    auto_batch: nullable(
      Type.Object(
        {
          is_here: Type.Boolean({ description: 'this node runs the order engine' }),
          node: Type.Optional(described(nameField, 'else the node that does')),
          url: Type.Optional(Type.String({ description: 'of its API, where that is known' })),
        },
        { ...closed, description: 'null: off' },
      ),
    ),
  },
  closed,
);
export type StatusAnswer = Static<typeof statusSchema>;

/** Why a node is not ready; stable. */
export type Unready = 'halted' | 'peers_below_quorum' | 'head_stale';
const unreadySchema = Type.Array(
  Type.Union([Type.Literal('halted'), Type.Literal('peers_below_quorum'), Type.Literal('head_stale')]),
);

const healthSchema = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
    reasons: unreadySchema,
    head_age_ms: timeField,
    finalized_height: heightField,
    peers: countField,
    isInitialized: Type.Boolean({ description: 'the batcher takes inputs' }),
    isRunning: Type.Literal(true, { description: 'for clients of a batcher, which look for it' }),
  },
  closed,
);
const batcherHealth = { isInitialized: true, isRunning: true };
const healthExample = {
  status: 'ok',
  reasons: [],
  head_age_ms: 900,
  finalized_height: 12,
  peers: 3,
  ...batcherHealth,
};
const degradedExample = {
  ...batcherHealth,
  status: 'degraded',
  reasons: ['peers_below_quorum'],
  head_age_ms: 9000,
  finalized_height: 12,
  peers: 1,
};

const healthAnswers: readonly AnswerShape[] = [
  { status: 200, description: 'it takes part', schema: healthSchema, example: healthExample },
  {
    status: 503,
    description: 'it does not, and `reasons` says why',
    schema: healthSchema,
    example: degradedExample,
  },
];

export function statusRoutes(
  node: NodeView,
  inputs: InputPipeline | undefined,
  orders: OrderDesk | undefined,
): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/status',
      summary: 'Where this node stands',
      tag: 'node',
      isCrossOrigin: true,
      codes: [],
      answers: [
        {
          status: 200,
          description: 'status',
          schema: statusSchema,
          example: {
            name: 'node-0',
            chain_id: hashExample,
            version: '0.1.0',
            now_ms: 24_100,
            height: 13,
            finalized_height: 12,
            state_root: hashExample,
            view: 14,
            leader: 'node-1',
            settlement_height: 4,
            pending_batches: 1,
            peers: 3,
            mempool_transactions: 0,
            settlement_paused: false,
            halted: null,
            batcher: {
              isInitialized: true,
              adapterTargets: ['sidechain'],
              defaultTarget: 'sidechain',
              namespace: '',
            },
            auto_batch: { is_here: true },
          },
        },
      ],
      handle: () => ok({ ...showStatus(node, inputs), auto_batch: showDesk(orders) }),
    }),
    defineRoute({
      method: 'GET',
      path: '/health',
      summary: 'Whether this node takes part, and why not',
      tag: 'node',
      codes: [],
      answers: healthAnswers,
      handle: () => showHealth(node, inputs),
    }),
    defineRoute({
      method: 'GET',
      path: '/health/live',
      summary: 'Whether the process answers; restart it when it does not',
      tag: 'node',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'it does',
          schema: Type.Object({ status: Type.Literal('ok') }, closed),
          example: { status: 'ok' },
        },
      ],
      handle: () => ok({ status: 'ok' }),
    }),
    defineRoute({
      method: 'GET',
      path: '/health/ready',
      summary: 'Whether traffic should come here',
      tag: 'node',
      codes: [],
      answers: healthAnswers,
      handle: () => showHealth(node, inputs),
    }),
  ];
}

function showStatus(node: NodeView, inputs: InputPipeline | undefined): Omit<StatusAnswer, 'auto_batch'> {
  const reader = node.reader();
  const status = reader.status();
  return {
    name: reader.genesis.validators.at(node.self).name,
    chain_id: reader.genesis.chainId,
    version: node.version,
    now_ms: Math.floor(node.nowMs()),
    height: status.height,
    finalized_height: status.finalizedHeight,
    state_root: status.stateRoot,
    view: status.view,
    leader: reader.genesis.validators.at(status.leader).name,
    settlement_height: status.settlementHeight,
    pending_batches: status.pendingBatches,
    peers: node.peers().length,
    mempool_transactions: status.mempoolCount,
    settlement_paused: status.isSettlementPaused,
    halted: status.halted ?? null,
    batcher:
      inputs === undefined
        ? null
        : {
            isInitialized: !inputs.isStopping,
            adapterTargets: [...inputs.targets],
            defaultTarget: inputs.defaultTarget,
            namespace: inputs.namespace,
          },
  };
}

function showDesk(desk: OrderDesk | undefined): StatusAnswer['auto_batch'] {
  switch (desk?.type) {
    case 'engine':
      return { is_here: true };
    case 'elsewhere':
      return { is_here: false, node: desk.node, ...(desk.api === undefined ? {} : { url: desk.api }) };
    default:
      return null;
  }
}

function showHealth(node: NodeView, inputs: InputPipeline | undefined) {
  const headAgeMs = headAge(node);
  const reasons = unreadyReasons(node, headAgeMs);
  const body: Static<typeof healthSchema> = {
    status: reasons.length === 0 ? 'ok' : 'degraded',
    reasons: [...reasons],
    head_age_ms: headAgeMs,
    finalized_height: node.reader().status().finalizedHeight,
    peers: node.peers().length,
    isInitialized: inputs !== undefined && !inputs.isStopping,
    isRunning: true,
  };
  return ok(body, reasons.length === 0 ? 200 : 503);
}

/** How long ago the newest final block was due, in ms; never negative. */
export function headAge(node: NodeView): number {
  const reader = node.reader();
  const { finalizedHeight } = reader.status();
  const head = reader.block(finalizedHeight)?.block.header.timestampMs ?? -reader.genesis.blockTimeMs;
  return Math.max(0, Math.floor(node.nowMs()) - head);
}

function unreadyReasons(node: NodeView, headAgeMs: number): readonly Unready[] {
  const reader = node.reader();
  const { genesis } = reader;
  const reasons: Unready[] = [];
  if (reader.status().halted !== undefined) reasons.push('halted');
  let power = genesis.validators.at(node.self).power;
  for (const peer of node.peers()) power += genesis.validators.at(peer).power;
  if (!genesis.validators.isQuorum(power)) reasons.push('peers_below_quorum');
  if (headAgeMs > STALE_BLOCKS * genesis.blockTimeMs) reasons.push('head_stale');
  return reasons;
}
