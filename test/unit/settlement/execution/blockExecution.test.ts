import { describe, expect, it } from 'vitest';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import { createGenesis, deriveKeyHolder, type KeyHolder } from '../../../../node/scenario/genesis.ts';
import { batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { BlockExecution } from '../../../../settlement/execution/blockExecution.ts';
import { createGenesisState } from '../../../../settlement/execution/genesisState.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { accountOf, treasuryOf } from '../../../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../../../settlement/ledger/assets.ts';
import { treasuryTable } from '../../../../settlement/ledger/tables.ts';
import { setStanding } from '../../../../settlement/net/duties.ts';
import { netCounters, pendingBatches, standingOf } from '../../../../settlement/net/netState.ts';
import type { SettlementBlock, SettlementEvent } from '../../../../settlement/net/settlement.ts';
import { State } from '../../../../settlement/state.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { hashOf, Signatory } from '../../../helpers/signatory.ts';
import { settlementBlock } from '../net/netFixture.ts';

const scenario = scenarioOf(`
name: execution
duration: 30s
config:
  settlement: { batch_size: 2, submission_deadline_blocks: 2 }
  ledger:
    flush_interval_blocks: 3
    fee_voting_period_ms: 4000
    fee_activation_delay_ms: 2000
    treasury_keepers: [alice]
    treasury_threshold: 1
  atomic_batches: { gas_max: 50000 }
auto_fund: false
accounts: { alice: { balances: { UM: 1000 }, deposits: { UM: 100000 } } }
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 10 } }
`);
const parts = createGenesis(scenario);
const { genesis } = parts;
const keys = new Signatory(parts);
const alice = keys.account('alice');
const stakeAsset = genesis.ledger.stakeAsset;

interface Wish {
  readonly from?: KeyHolder;
  readonly nonce?: number;
  readonly expiresAtHeight?: number;
  readonly onlyAtHeight?: number;
}

/** The ledger alone, block after block. */
class Chain {
  readonly #base = createGenesisState(genesis);
  #stateRoot: Hash = this.#base.stateRoot;
  #origin: SettlementBlock = settlementBlock(0);
  #execution: BlockExecution | undefined;
  height = 1;

  get state(): State {
    return new State([this.#base.base]);
  }

  /** Changes the state behind the back of all law. */
  arrange(change: (state: State) => void): void {
    const state = this.state;
    change(state);
    this.#base.base.absorb(state.freeze());
  }

  begin(blocks: readonly SettlementBlock[] = []): BlockExecution {
    this.#origin = blocks.at(-1) ?? this.#origin;
    this.#execution = new BlockExecution(genesis, this.state, {
      height: this.height,
      timestampMs: (this.height - 1) * genesis.blockTimeMs,
      parentStateRoot: this.#stateRoot,
      settlementBlocks: blocks,
      origin: this.#origin,
    });
    return this.#execution;
  }

  add(body: TransactionBody, { from = alice, ...changes }: Wish = {}) {
    const decoded = decodeTransaction(keys.transaction(from, body, changes));
    if (!decoded.ok) throw new Error(decoded.message);
    const execution = this.#execution ?? this.begin();
    return execution.addTransaction(decoded.value.transaction, decoded.value.id);
  }

  finish(): ExecutionResult {
    const result = (this.#execution ?? this.begin()).finish();
    this.#execution = undefined;
    this.#base.base.absorb(result.layer);
    this.#stateRoot = result.stateRoot;
    this.height += 1;
    return result;
  }

  /** A block that brings one settlement block with these events into view. */
  settle(events: readonly SettlementEvent[] = []): ExecutionResult {
    this.begin([settlementBlock(this.#origin.height + 1, events)]);
    return this.finish();
  }

  balance({ address }: KeyHolder, asset: string): bigint | undefined {
    return accountOf(this.state, genesis.ledger, address).balances[assetIndexOf(genesis.ledger, asset)];
  }

  get treasury(): bigint {
    return treasuryOf(this.state, stakeAsset);
  }
}

function validator(index: number): KeyHolder {
  const holder = parts.validators[index];
  if (holder === undefined) throw new RangeError(`no validator ${index}`);
  return holder;
}

const { operator } = parts;
if (operator === undefined) throw new Error('the scenario derives an operator');

/** One payment of alice as a batch; batch and settlement share the id. */
function payment(
  id: Hash,
  fields: { readonly to: string; readonly asset: string; readonly amount: bigint },
): TransactionBody {
  const request = {
    settlementId: id,
    from: alice.address,
    kind: 'immediate' as const,
    metadata: '',
    ...fields,
  };
  return {
    type: 'atomic_batch',
    signers: [],
    batch: { batchId: id, expiresAtHeight: 10, requests: [request] },
  };
}

const borrow = { type: 'borrow', asset: 'UM', amount: 10n } as const;

describe('BlockExecution', () => {
  it('takes back what a failed transaction wrote, but not its nonce, and says why in the receipt', () => {
    const chain = new Chain();
    const before = chain.balance(alice, 'UM');
    const tooMuch = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1001n } as const;
    expect(chain.add(tooMuch)).toEqual({ ok: true, value: 'LEDGER_INSUFFICIENT_BALANCE' });
    const result = chain.finish();
    expect(result.receipts).toMatchObject([{ from: alice.address, result: 'LEDGER_INSUFFICIENT_BALANCE' }]);
    expect(chain.balance(alice, 'UM')).toBe(before);
    expect(accountOf(chain.state, genesis.ledger, alice.address).nonce).toBe(1);
    const other = new Chain();
    other.add({ ...tooMuch, amount: 1n });
    expect(other.finish().receiptsRoot).not.toBe(result.receiptsRoot);
  });

  it('undoes whatever an operation wrote before it was refused', () => {
    const { base, stateRoot } = createGenesisState(genesis);
    /** Writes as soon as a transaction begins, as an operation would that finds out late. */
    class HastyState extends State {
      override checkpoint(): number {
        const mark = super.checkpoint();
        this.set(treasuryTable, stakeAsset, 99n);
        return mark;
      }
    }
    const run = (from: KeyHolder) => {
      const state = new HastyState([base]);
      const execution = new BlockExecution(genesis, state, {
        height: 1,
        timestampMs: 0,
        parentStateRoot: stateRoot,
        settlementBlocks: [],
        origin: settlementBlock(0),
      });
      const decoded = decodeTransaction(keys.transaction(from, { type: 'settle_now' }));
      if (decoded.ok) execution.addTransaction(decoded.value.transaction, decoded.value.id);
      return treasuryOf(state, stakeAsset);
    };
    expect(run(operator)).toBe(99n);
    expect(run(alice)).toBe(0n);
  });

  it('refuses a nonce out of turn without a receipt', () => {
    const chain = new Chain();
    expect(chain.add(borrow, { nonce: 1 })).toMatchObject({ ok: false, code: 'LEDGER_NONCE_AHEAD' });
    expect(chain.add(borrow)).toMatchObject({ ok: true });
    expect(chain.add(borrow)).toMatchObject({ ok: false, code: 'LEDGER_NONCE_USED' });
    expect(chain.finish().receipts).toHaveLength(1);
  });

  it.each([
    [{ expiresAtHeight: 1 }, 'TRANSACTION_EXPIRED'],
    [{ onlyAtHeight: 1 }, 'TRANSACTION_EXPIRED'],
    [{ onlyAtHeight: 3 }, 'TRANSACTION_TOO_EARLY'],
  ] as const)('refuses %o at height 2', (wish, code) => {
    const chain = new Chain();
    chain.finish();
    expect(chain.add(borrow, wish)).toMatchObject({ ok: false, code });
    expect(chain.finish().receipts).toEqual([]);
  });

  it('takes one at its last or only height', () => {
    const chain = new Chain();
    expect(chain.add(borrow, { expiresAtHeight: 1 })).toMatchObject({ value: 'ok' });
    expect(chain.add(borrow, { nonce: 1, onlyAtHeight: 1 })).toMatchObject({ value: 'ok' });
  });

  it('lets an operator alone end the window', () => {
    const chain = new Chain();
    chain.add(borrow);
    expect(chain.add({ type: 'settle_now' }, { nonce: 1 })).toMatchObject({ value: 'OPERATOR_ONLY' });
    expect(chain.finish().batchCommitment).toBe(hashOf('00'));
    const forced = new Chain();
    forced.add(borrow);
    expect(forced.add({ type: 'settle_now' }, { from: operator })).toMatchObject({ value: 'ok' });
    const { batchCommitment } = forced.finish();
    expect(batchCommitment).not.toBe(hashOf('00'));
    expect(pendingBatches(forced.state)).toMatchObject([{ toHeight: 1, commitment: batchCommitment }]);
  });

  it('lets an operator alone change the size of windows', () => {
    const chain = new Chain();
    const body = { type: 'set_batch_size', batchSize: 7 } as const;
    expect(chain.add(body)).toMatchObject({ value: 'OPERATOR_ONLY' });
    expect(chain.add(body, { from: operator })).toMatchObject({ value: 'ok' });
    chain.finish();
    expect(netCounters(chain.state).batchSize).toBe(7);
    const refused = new Chain();
    refused.add(body);
    refused.finish();
    expect(netCounters(refused.state).batchSize).toBe(2);
  });

  it('lets nobody but the jailed validator itself ask for its release', () => {
    const chain = new Chain();
    chain.arrange((state) => setStanding(state, { ...standingOf(state, 2), jailedUntilHeight: 1 }));
    const body = { type: 'unjail', validator: 2 } as const;
    expect(chain.add(body, { from: validator(1) })).toMatchObject({ value: 'UNJAIL_NOT_OWN' });
    expect(chain.add(body, { from: operator })).toMatchObject({ value: 'UNJAIL_NOT_OWN' });
    const unknown = { ...body, validator: 99 };
    expect(chain.add(unknown, { from: validator(2) })).toMatchObject({ value: 'VALIDATOR_UNKNOWN' });
    expect(chain.add(body, { from: validator(2), nonce: 1 })).toMatchObject({ value: 'ok' });
    expect(chain.finish().facts).toContainEqual({ type: 'unjailed', validator: 2 });
    expect(standingOf(chain.state, 2).jailedUntilHeight).toBeUndefined();
  });

  it('slashes and tombstones an equivocator once, for the treasury, and binds the evidence in the root', () => {
    const chain = new Chain();
    const { stake } = standingOf(chain.state, 3);
    const amount = (stake * BigInt(genesis.net.equivocationSlashBps)) / 10_000n;
    const before = chain.treasury;
    const execution = chain.begin();
    execution.addEvidence(hashOf('e1'), 3);
    execution.addEvidence(hashOf('e2'), 3);
    const result = chain.finish();
    expect(amount).toBeGreaterThan(0n);
    expect(result.facts).toMatchObject([
      { type: 'slashed', validator: 3, reason: 'equivocation', amount },
      { type: 'tombstoned', validator: 3 },
    ]);
    expect(standingOf(chain.state, 3)).toMatchObject({ stake: stake - amount, tombstoned: true });
    expect(chain.treasury - before).toBe(amount);
    expect(result.transactionsRoot).not.toBe(new Chain().finish().transactionsRoot);
  });

  it('pays half of the slash of a missed duty to the treasury, half to the validator that settles instead', () => {
    const chain = new Chain();
    chain.add(borrow);
    chain.finish();
    chain.finish();
    const [sealed] = pendingBatches(chain.state);
    const holder = sealed?.attempts[0]?.proposer ?? -1;
    const { stake } = standingOf(chain.state, holder);
    const slash = (stake * BigInt(genesis.net.missedSlashBps)) / 10_000n;
    const before = chain.treasury;
    const facts = Array.from({ length: 6 }, () => chain.settle().facts).flat();
    expect(facts).toContainEqual(
      expect.objectContaining({
        type: 'slashed',
        validator: holder,
        reason: 'missed_settlement',
        amount: slash,
      }),
    );
    const [batch] = pendingBatches(chain.state);
    const slashes = facts.filter(({ type }) => type === 'slashed').length;
    if (batch === undefined) throw new Error('the batch is pending');
    const owed = batch.heldSlash;
    expect(chain.treasury - before + owed).toBe(BigInt(slashes) * slash);
    expect(owed).toBeGreaterThan(0n);
    const running = batch.attempts.at(-1);
    if (running === undefined) throw new Error('an attempt runs');
    const settler = validator(running.proposer);
    const { seq, fromHeight, toHeight, net } = batch;
    const poolsBefore = chain.treasury;
    const { actions, attempt, proposer } = running;
    const confirmed = chain.settle([
      {
        type: 'batch_settled',
        seq,
        fromHeight,
        toHeight,
        net,
        proposer,
        attempt,
        transactionHash: hashOf('77'),
        actions,
        amountsIn: actions.map(() => undefined),
        gasUsed: 100_000,
        fee: 1n,
      },
    ]);
    expect(confirmed.facts.map(({ type }) => type)).toContain('batch_confirmed');
    expect(batch.missedBy).not.toContain(proposer);
    expect(chain.balance(settler, stakeAsset)).toBe(owed);
    expect(chain.treasury).toBe(poolsBefore);
    expect(pendingBatches(chain.state)).toEqual([]);
  });

  it('adds up what its transactions borrowed and repaid, failed ones left out', () => {
    const chain = new Chain();
    chain.add(borrow);
    chain.add({ ...borrow, amount: 10_000_000n }, { nonce: 1 });
    chain.add(borrow, { nonce: 2 });
    chain.add({ type: 'repay', asset: 'UM', amount: 5n }, { nonce: 3 });
    expect(chain.finish().flows).toMatchObject({
      borrowed: [{ asset: 'UM', amount: 20n }],
      repaid: [{ asset: 'UM', amount: 5n }],
      liquidations: 0,
    });
  });

  it('reports the fees of batches with the flows and hands them to the treasury when it is their turn', () => {
    const chain = new Chain();
    const [id, pay] = [hashOf('21'), { to: hashOf('11'), asset: 'UM', amount: 400n }];
    chain.add(payment(id, pay));
    const first = chain.finish();
    expect(first.flows).toEqual({
      borrowed: [],
      repaid: [],
      fees: [{ asset: 'UM', amount: 2n }],
      liquidations: 0,
    });
    expect(first.atomicFacts).toMatchObject([{ type: 'atomic_batch_completed', batchId: id }]);
    expect([chain.balance(alice, 'UM'), gatheredFees(chain.state, 'UM')]).toEqual([600n, 2n]);
    // Every three blocks here.
    expect(chain.finish().atomicFacts).toEqual([]);
    expect(chain.finish().atomicFacts).toEqual([
      { type: 'treasury_flushed', fees: [{ asset: 'UM', amount: 2n }] },
    ]);
    expect([treasuryOf(chain.state, 'UM'), gatheredFees(chain.state, 'UM')]).toEqual([2n, 0n]);
  });

  it('withholds the fee that validators voted for from the block of its time on', () => {
    const chain = new Chain();
    const proposal = { proposalId: hashOf('31'), networkFeeBps: 1000 };
    const propose = { type: 'fee_propose', validator: 0, ...proposal } as const;
    expect(chain.add(propose, { from: validator(1) })).toMatchObject({ value: 'FEE_PROPOSAL_NOT_OWN' });
    expect(chain.add({ ...propose, validator: 99 })).toMatchObject({ value: 'VALIDATOR_UNKNOWN' });
    chain.add(propose, { from: validator(0) });
    const pay = { to: hashOf('11'), asset: 'UM', amount: 100n };
    const fees: unknown[] = [];
    for (const height of [1, 2, 3, 4, 5]) {
      if (height === 2) {
        for (const [index, nonce] of [1, 1, 0].entries()) {
          const vote = { type: 'fee_vote', validator: index, ...proposal, vote: 'yes' } as const;
          expect(chain.add(vote, { from: validator(index), nonce })).toMatchObject({ value: 'ok' });
        }
      }
      chain.add(payment(hashOf(`4${height}`), pay), { nonce: height });
      fees.push(chain.finish().flows.fees[0]?.amount);
    }
    // The votes are counted at 4 s, the fee is in force from 6 s on: that is block 4.
    expect(fees).toEqual([1n, 1n, 1n, 10n, 10n]);
  });

  it('counts votes by the stake of those who are still trusted', () => {
    const chain = new Chain();
    const proposal = { proposalId: hashOf('32'), networkFeeBps: 1 };
    chain.add({ type: 'fee_propose', validator: 0, ...proposal }, { from: validator(0) });
    for (const [index, nonce] of [1, 0, 0].entries()) {
      const vote = { type: 'fee_vote', validator: index, ...proposal, vote: 'yes' } as const;
      chain.add(vote, { from: validator(index), nonce });
    }
    chain.finish();
    const { stake } = standingOf(chain.state, 3);
    chain.begin().addEvidence(hashOf('e1'), 1);
    chain.finish();
    const tally = { yes: 2n * stake, no: 0n, bonded: 3n * stake };
    // Two of the three that are left: just short of 6667 bps.
    expect(chain.finish().atomicFacts).toMatchObject([
      { type: 'proposal_rejected', reason: 'quorum', ...tally },
    ]);
  });

  it('pays an approved withdrawal in the block whose flush fills the treasury', () => {
    const chain = new Chain();
    chain.add(payment(hashOf('51'), { to: hashOf('11'), asset: 'UM', amount: 400n }));
    const terms = { asset: 'UM', amount: 2n, to: hashOf('12') };
    const id = hashOf('52');
    const propose = { type: 'treasury_propose', withdrawalId: id, ...terms, expiresAtHeight: 9 } as const;
    expect(chain.add(propose, { nonce: 1 })).toMatchObject({ value: 'ok' });
    expect([chain.finish(), chain.finish()].flatMap(({ atomicFacts }) => atomicFacts.slice(1))).toMatchObject(
      [{ type: 'treasury_withdrawal_proposed', withdrawalId: id }],
    );
    expect(chain.finish().atomicFacts).toMatchObject([
      { type: 'treasury_flushed', fees: [{ asset: 'UM', amount: 2n }] },
      { type: 'treasury_withdrawn', withdrawalId: id, ...terms },
    ]);
    expect(treasuryOf(chain.state, 'UM')).toBe(0n);
  });

  it('keeps the record of a batch that failed, and nothing else of it', () => {
    const chain = new Chain();
    const id = hashOf('22');
    expect(chain.add(payment(id, { to: hashOf('11'), asset: 'UM', amount: 1001n }))).toEqual({
      ok: true,
      value: 'INSUFFICIENT_BALANCE',
    });
    const result = chain.finish();
    expect(result.receipts).toMatchObject([{ type: 'atomic_batch', result: 'INSUFFICIENT_BALANCE' }]);
    expect(result.atomicFacts).toMatchObject([{ type: 'atomic_batch_failed', batchId: id }]);
    expect(result.flows.fees).toEqual([]);
    expect(batchRecordOf(chain.state, id)).toMatchObject({ failure: { code: 'INSUFFICIENT_BALANCE' } });
    expect(chain.balance(alice, 'UM')).toBe(1000n);
  });

  it('leaves a batch for the next block when the gas of this one is used', () => {
    const chain = new Chain();
    const size = Math.floor((genesis.atomic.gasMax - 1000) / 15 / 2);
    const large = (byte: string): TransactionBody => ({
      type: 'atomic_batch',
      signers: [],
      batch: {
        batchId: hashOf(byte),
        expiresAtHeight: 10,
        requests: Array.from({ length: Math.min(size, 1000) }, (_, index) => ({
          settlementId: `0x${byte.repeat(28)}${index.toString(16).padStart(8, '0')}`,
          from: alice.address,
          to: hashOf('11'),
          asset: 'UM',
          amount: 1n,
          kind: 'immediate' as const,
          metadata: '',
        })),
      },
    });
    let included = 0;
    let outcome = chain.add(large('30'));
    while (outcome.ok && included < 50) {
      included += 1;
      outcome = chain.add(large((30 + included).toString(16).padStart(2, '0')), { nonce: included });
    }
    expect(outcome).toMatchObject({ ok: false, code: 'BLOCK_GAS_FULL' });
    expect(included).toBeGreaterThan(1);
    chain.finish();
    expect(chain.add(large('99'), { nonce: included }).ok).toBe(true);
  });

  it('gives roots that depend on the parent’s', () => {
    const [first, second] = [new Chain(), new Chain()];
    second.add(borrow, { from: deriveKeyHolder(1, 'stranger') });
    expect(first.finish().stateRoot).not.toBe(second.finish().stateRoot);
    expect(first.finish().stateRoot).not.toBe(second.finish().stateRoot);
  });
});
