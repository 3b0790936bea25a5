import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { accountChange, vaultTotal } from '../../settlement/chain/bridgeVault.ts';
import { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import { runScenario, type ScenarioRun, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

const RESERVE = 10n ** 36n;
const ASSETS = ['TNZO', 'UM'] as const;

/** A run, and the settlement chain as the run left it. */
function runWithChain(text: string): ScenarioRun & { readonly chain: MockSettlementChain } {
  const produced = vi.spyOn(MockSettlementChain.prototype, 'produceBlock');
  try {
    const run = runScenario(text);
    const chain = produced.mock.contexts[0];
    if (!(chain instanceof MockSettlementChain)) throw new Error('no settlement block was made');
    return { ...run, chain };
  } finally {
    produced.mockRestore();
  }
}

/** Everything of an asset on the settlement chain, as far as it is modelled. */
function totalThere({ holdings }: MockSettlementChain, asset: string): bigint {
  const pool = holdings.pools.find((one) => one.asset === asset)?.assetReserve ?? 0n;
  const [crossed, traded] = [holdings.crossed.get(asset) ?? 0n, holdings.traded.get(asset) ?? 0n];
  return pool + (holdings.treasury.get(asset) ?? 0n) + crossed - traded + vaultTotal(holdings.bridge, asset);
}

/** What came over the bridge, by what the sidechain decided. */
function bridged(events: readonly TraceEvent[], asset: string): bigint {
  return events
    .filter((event) => event.type === 'cross_chain_decided' && event.asset === asset)
    .reduce((sum, event) => sum + BigInt(String(event.bridged)), 0n);
}

function outcomes(events: readonly TraceEvent[]): unknown[] {
  return events
    .filter(({ type }) => type === 'cross_chain_closed')
    .map(({ direction, outcome }) => `${direction} ${outcome}`)
    .sort();
}

describe('transfers between the chains in a simulation', () => {
  it('4 nodes, one crashes: both ways, one fee a side, all laws hold (seed 7)', () => {
    const { result, events, chain } = runWithChain(`
name: both ways
seed: 7
duration: 60s
timeline:
  - at: { block: 2 }
    cross_chain_send: { account: alice, id: out, to: bob, asset: TNZO, amount: "1000000000000000000" }
  - at: { time: 7s }
    cross_chain_deposit: { account: carol, to: dave, asset: UM, amount: 10000 }
  - { at: { time: 9s }, crash: { node: node-2, lose: unsynced }, for: 6s }
expect:
  - { final: { completed_transfers: 2 } }
  - { final: { refunded_transfers: 0 } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(outcomes(events)).toEqual(['inbound complete', 'outbound complete']);
    const opened = events.find(({ type }) => type === 'cross_chain_opened');
    // 10^18 less 0.5 % is 995 * 10^15; less 0.5 % of that is 990,025 * 10^12.
    expect(accountChange(chain.holdings.bridge, String(opened?.to), 'TNZO')).toBe(990_025_000_000_000_000n);
    expect(bridged(events, 'TNZO')).toBe(-995_000_000_000_000_000n);
    expect(bridged(events, 'UM')).toBe(9_950n);
    expect(result.batches.map(({ net }) => net)).toEqual([{}, {}]);
  });

  it('4 nodes, the proposer is censored past the deadline: both sides refund (seed 7)', () => {
    const { result, events, chain } = runWithChain(`
name: too late
seed: 7
duration: 200s
timeline:
  - at: { block: 2 }
    cross_chain_send: { account: alice, id: out, to: bob, asset: TNZO, amount: 10000, timeout_blocks: 3 }
  - { at: { batch: 1, state: sealed }, settlement_chain: { censor: node-0 }, for: 60s }
expect:
  - { final: { refunded_transfers: 1 } }
  - { final: { open_transfers: 0 } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(events.find(({ type }) => type === 'cross_chain_decided')).toMatchObject({
      outcome: 'refund',
      reason: 'CROSS_CHAIN_TIMED_OUT',
      bridged: '0',
    });
    expect(chain.holdings.bridge.liquidity.get('TNZO')).toBe(RESERVE);
    expect(chain.holdings.bridge.escrows.size).toBe(0);
  });

  it('is the same chain under every crypto policy, and when each node executes for itself (seed 3)', () => {
    const text = `
name: both ways
seed: 3
duration: 40s
timeline:
  - at: { block: 2 }
    cross_chain_send: { account: alice, id: out, to: bob, asset: TNZO, amount: 777 }
  - { at: { time: 4s }, cross_chain_deposit: { to: dave, asset: UM, amount: 10000 } }
`;
    const modelled = runScenario(text).result.trace_hash;
    expect(runScenario(text, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(text, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });
});

describe('transfers between the chains under random faults', () => {
  const at = fc.integer({ min: 2, max: 60 });
  const span = fc.integer({ min: 5, max: 30 });
  const node = fc.constantFrom('node-0', 'node-1', 'node-2', 'node-3');
  const amount = fc.integer({ min: 1, max: 10 ** 9 });
  const timeout = fc.integer({ min: 1, max: 12 });
  const asset = fc.constantFrom(...ASSETS);
  const send = fc.tuple(fc.integer({ min: 1, max: 25 }), asset, amount, timeout).map(
    ([block, of, much, blocks]) =>
      (id: number) =>
        `  - { at: { block: ${block} }, cross_chain_send: { account: alice, id: t${id}, to: bob, asset: ${of}, amount: ${much}, timeout_blocks: ${blocks} } }`,
  );
  const deposit = fc.tuple(at, asset, amount, timeout).map(
    ([second, of, much, blocks]) =>
      () =>
        `  - { at: { time: ${second}s }, cross_chain_deposit: { account: carol, to: dave, asset: ${of}, amount: ${much}, timeout_blocks: ${blocks} } }`,
  );
  const fault = fc
    .tuple(
      at,
      span,
      fc.oneof(
        node.map((name) => `settlement_chain: { censor: ${name} }`),
        node.map((name) => `withhold_settlement: { node: ${name} }`),
        node.map((name) => `crash: { node: ${name}, lose: unsynced }`),
        fc.constantFrom(
          'settlement_chain: { stall: true }',
          'settlement_chain: { full: true }',
          'settlement_chain: { slow: { factor: 3 } }',
          'settlement_chain: { rpc_errors: 0.5 }',
          'settlement_chain: { duplicate_delivery: 0.5 }',
          'settlement_chain: { transfer_timeout: true }',
        ),
      ),
    )
    .map(([second, seconds, what]) => `  - { at: { time: ${second}s }, ${what}, for: ${seconds}s }`);
  const reorg = fc
    .tuple(at, fc.integer({ min: 1, max: 2 }))
    .map(
      ([second, depth]) =>
        `  - { at: { time: ${second}s }, settlement_chain: { reorg: { depth: ${depth} } } }`,
    );

  it('end alike on both sides, with every unit where it belongs', () => {
    const drawn = fc.record({
      seed: fc.integer({ min: 1, max: 10 ** 6 }),
      transfers: fc.array(fc.oneof(send, deposit), { minLength: 4, maxLength: 14 }),
      faults: fc.array(fc.oneof(fault, reorg), { maxLength: 5 }),
      liquidity: fc.integer({ min: 0, max: 2 * 10 ** 9 }),
    });
    const property = fc.property(drawn, ({ seed, transfers, faults, liquidity }) => {
      const text = [
        `name: random`,
        `seed: ${seed}`,
        `duration: 400s`,
        `config:`,
        `  settlement: { origin_confirmations: 2, batch_size: 3 }`,
        `  settlement_chain: { bridge_liquidity: { TNZO: ${liquidity}, UM: ${liquidity} } }`,
        `timeline:`,
        ...transfers.map((line, index) => line(index)),
        ...faults,
        `expect:`,
        `  - { final: { open_transfers: 0 } }`,
      ].join('\n');
      const { result, events, chain } = runWithChain(text);
      expect({ violations: violationsOf(result), errors: result.errors }).toEqual({
        violations: [],
        errors: [],
      });
      expect(result.expectations.filter(({ ok }) => !ok)).toEqual([]);
      const decided = events.filter(({ type }) => type === 'cross_chain_decided');
      expect(outcomes(events)).toHaveLength(decided.length);
      for (const of of ASSETS) {
        expect(totalThere(chain, of)).toBe(2n * RESERVE + BigInt(liquidity));
        // What the sidechain gained or lost is what the bridge lost or gained.
        const gained = (chain.holdings.bridge.liquidity.get(of) ?? 0n) - BigInt(liquidity);
        expect(bridged(events, of)).toBe(gained);
      }
    });
    return fc.assert(property, { numRuns: 12 });
  });
});
