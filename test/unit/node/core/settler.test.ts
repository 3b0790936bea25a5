import { describe, expect, it } from 'vitest';
import { Settler } from '../../../../node/core/settler.ts';
import type { Output } from '../../../../node/core/types.ts';
import { State } from '../../../../settlement/state.ts';
import { CoreNetwork, type CoreNetworkOptions, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { LoneCore } from '../../../helpers/loneCore.ts';

const scenario = scenarioOf(`
name: settler
duration: 60s
config: { settlement: { batch_size: 2, submission_deadline_blocks: 8 } }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
`);

type Submitted = Extract<Output, { readonly type: 'submitSettlement' }>;

/** What a node submitted, each with the output before it. */
function submissionsOf(network: CoreNetwork, node: number) {
  const own = network.outputs.filter((entry) => entry.node === node).map(({ output }) => output);
  return own.flatMap((output, position) =>
    output.type === 'submitSettlement' ? [{ output, before: own[position - 1] }] : [],
  );
}

function submitters(network: CoreNetwork): Set<number> {
  return new Set(
    network.outputs.flatMap(({ node, output }) => (output.type === 'submitSettlement' ? [node] : [])),
  );
}

function networkOf(options: CoreNetworkOptions = {}): CoreNetwork {
  return new CoreNetwork(scenario, { settles: true, ...options });
}

/** A network in which no submission reaches the chain, just after the holder's first. */
function unheard(): { readonly network: CoreNetwork; readonly holder: number; readonly first: Submitted } {
  const network = networkOf();
  network.isCutOff = () => network.outputs.some(({ output }) => output.type === 'submitSettlement');
  while (submitters(network).size === 0 && network.nowMs < 20_000) network.run(network.nowMs + 20);
  const [holder] = submitters(network);
  const first = holder === undefined ? undefined : submissionsOf(network, holder)[0]?.output;
  if (holder === undefined || first === undefined) throw new Error('nobody submitted');
  return { network, holder, first };
}

describe('Settler', () => {
  it('has a new submission on disk, synced, before it leaves', () => {
    const { network, holder, first } = unheard();
    const [submission] = submissionsOf(network, holder);
    expect(submission?.before).toEqual({
      type: 'persist',
      writes: [{ key: `outbox/${first.batch}/${first.attempt}`, value: first.bytes }],
      sync: true,
    });
    expect(network.rowsOf(holder)).toContainEqual({ key: 'outbox/1/1', value: first.bytes });
  });

  it('sends the very same bytes again after a restart', () => {
    const { network, holder, first } = unheard();
    const { nowMs } = network;
    const rows = network.rowsOf(holder);
    const restarted = new LoneCore(network.createCore(holder), { nowMs, rows, settlement: [] });
    const [ask] = restarted.of('askSettlement');
    expect(ask).toMatchObject({ batch: first.batch, attempt: first.attempt });
    restarted.settlementAnswer(ask?.requestId ?? 0, { type: 'standing', standing: 'unknown' });
    expect(restarted.of('submitSettlement').map(({ bytes }) => bytes)).toEqual([first.bytes]);
    restarted.settlementBlock(network.chain.genesis);
    for (const { bytes } of restarted.of('submitSettlement')) expect(bytes).toEqual(first.bytes);
    expect(restarted.events('batch_submitted')).toEqual([]);
  });

  it('begins after a restart what it had not begun before, as soon as it knows a settlement block', () => {
    const { network, holder } = unheard();
    const { nowMs } = network;
    const rows = network.rowsOf(holder).filter(({ key }) => !key.startsWith('outbox/'));
    const restarted = new LoneCore(network.createCore(holder), { nowMs, rows, settlement: [] });
    expect(restarted.of('submitSettlement')).toEqual([]);
    restarted.settlementBlock(network.chain.genesis);
    expect(restarted.of('submitSettlement')).toMatchObject([{ batch: 1, attempt: 1 }]);
  });

  it('forgets its outbox once the batch is settled', () => {
    const network = networkOf();
    network.run(40_000);
    expect(network.chain.lastSettledSeq).toBe(1);
    for (const [index] of network.nodes.entries()) {
      expect(network.rowsOf(index).filter(({ key }) => key.startsWith('outbox/'))).toEqual([]);
    }
  });

  it('pays more after the configured blocks without inclusion, on disk before it leaves', () => {
    const network = networkOf();
    network.chain.setFull(true);
    network.run(25_000);
    const [holder] = submitters(network);
    const bumps = network.outputs.flatMap(({ node, output }) =>
      node === holder && output.type === 'emit' && output.event.type === 'batch_submitted'
        ? [output.event]
        : [],
    );
    const [first, second] = bumps;
    expect(second?.feeCap).toBeGreaterThan(first?.feeCap ?? 0n);
    expect(second).toMatchObject({ seq: 1, attempt: first?.attempt });
    const raised = submissionsOf(network, holder ?? 0).find(
      ({ before }) => before?.type === 'persist' && before.sync,
    );
    expect(raised).toBeDefined();
    for (const { output, before } of submissionsOf(network, holder ?? 0)) {
      if (before?.type !== 'persist') continue;
      expect(before).toMatchObject({ sync: true, writes: [{ value: output.bytes }] });
    }
  });

  it('leaves a silent holder’s batch to the next without open_rescue, and settles it early with it', () => {
    const outcomeWith = (openRescue: boolean) => {
      const { holder } = unheard();
      const network = networkOf({ node: { openRescue } });
      network.stop(holder);
      const missed = () =>
        network.outputs.some(
          ({ output }) =>
            output.type === 'emit' &&
            output.event.type === 'block_finalized' &&
            output.event.facts.some(({ type }) => type === 'batch_missed'),
        );
      while (!missed() && network.chain.lastSettledSeq === 0 && network.nowMs < 90_000) {
        network.run(network.nowMs + 100);
      }
      return { missed: missed(), settled: network.chain.lastSettledSeq };
    };
    expect(outcomeWith(false)).toMatchObject({ missed: true, settled: 0 });
    expect(outcomeWith(true)).toMatchObject({ missed: false, settled: 1 });
  });

  it('sends nothing while its node must be silent, be it from the outbox or a new settlement block', () => {
    const { network, holder } = unheard();
    const outbox = network.rowsOf(holder).filter(({ key }) => key.startsWith('outbox/'));
    const validator = network.parts.validators[holder];
    if (validator === undefined) throw new Error('the holder is a validator');
    const outputs: Output[] = [];
    let isSilent = true;
    const settler = new Settler(
      {
        genesis: network.genesis,
        self: holder,
        deltaMs: 500,
        inactiveViews: 8,
        resubmitAfterBlocks: 1,
        tip: 1n,
        openRescue: true,
        historyBlocks: 64,
      },
      {
        crypto: network.crypto,
        signer: network.crypto.createSigner(validator.secretKey),
        executions: undefined,
        messages: undefined,
        observer: undefined,
      },
      {
        output: (output) => outputs.push(output),
        nowMs: () => network.nowMs,
        finalizedState: () => new State([]),
        storedBlock: () => undefined,
        newestSettlementBlock: () => network.chain.head,
        settlementBlockAt: (height: number) => network.chain.blockAt(height),
        isSilent: () => isSilent,
      },
    );
    settler.recover(outbox, false);
    const block = network.chain.produceBlock(network.chain.nextTimestampMs);
    settler.onSettlementBlock({ ...block, events: [] });
    expect(outputs).toEqual([]);
    isSilent = false;
    settler.recover(outbox, false);
    expect(outputs.map(({ type }) => type)).toEqual(['askSettlement']);
  });

  it('begins what became its duty while it had to be silent once it need not be', () => {
    const { holder } = unheard();
    const network = networkOf();
    network.run(1_900);
    network.stop(holder);
    network.nodes[holder]?.rows.clear();
    network.start(holder);
    const from = network.outputs.length;
    network.run(40_000);
    const own = network.outputs.slice(from).filter(({ node }) => node === holder);
    const firstVote = own.findIndex(({ output }) => output.type === 'publish');
    const firstSubmission = own.findIndex(({ output }) => output.type === 'submitSettlement');
    expect(firstVote).toBeGreaterThan(0);
    const guarded = own.findIndex(
      ({ output }) =>
        output.type === 'persist' &&
        output.writes.some(({ key, value }) => key === 'guard' && value === undefined),
    );
    expect(guarded).toBeGreaterThan(0);
    for (const { output } of own.slice(0, guarded)) {
      expect(output.type).not.toBe('publish');
      expect(output.type).not.toBe('submitSettlement');
    }
    expect(firstSubmission).toBeGreaterThan(guarded);
    expect(network.chain.lastSettledSeq).toBe(1);
  });
});

describe('Settler.setPaused', () => {
  const pause = (network: CoreNetwork, node: number, paused: boolean) =>
    network.deliver(node, { type: 'settlementPaused', nowMs: network.nowMs, paused });

  it('has the pause on disk before it answers, says that the duty clock runs on, and repeats nothing', () => {
    const network = networkOf();
    expect(pause(network, 0, true)).toMatchObject([
      { type: 'persist', writes: [{ key: 'paused' }], sync: true },
      { type: 'emit', event: { type: 'warning', code: 'SETTLEMENT_PAUSED' } },
      { type: 'verdict', verdict: 'accept' },
    ]);
    expect(pause(network, 0, true)).toMatchObject([{ type: 'verdict', verdict: 'accept' }]);
    expect(network.nodes[0]?.core.status().isSettlementPaused).toBe(true);
  });

  it('leaves a paused holder’s batch to the next one once the clock has run out', () => {
    const network = networkOf();
    pause(network, 0, true);
    network.run(90_000);
    expect(submitters(network).has(0)).toBe(false);
    expect(network.chain.lastSettledSeq).toBe(1);
    const missed = network.outputs.flatMap(({ node, output }) =>
      node === 1 && output.type === 'emit' && output.event.type === 'block_finalized'
        ? output.event.facts.filter(({ type }) => type === 'batch_missed')
        : [],
    );
    expect(missed).toMatchObject([{ seq: 1, proposer: 0 }]);
  });

  it('stays paused over a restart and submits at once when resumed', () => {
    const network = networkOf();
    pause(network, 0, true);
    network.run(6_000);
    network.stop(0);
    network.start(0);
    network.run(12_000);
    expect(submitters(network)).toEqual(new Set());
    expect(pause(network, 0, false)).toContainEqual(
      expect.objectContaining({ type: 'submitSettlement', batch: 1, attempt: 1 }),
    );
  });
});
