import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { scenarioIdOf } from '../../../../node/scenario/atomicBatch.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { BlockExecution } from '../../../../settlement/execution/blockExecution.ts';
import { createGenesisState } from '../../../../settlement/execution/genesisState.ts';
import { signedTextOfInput } from '../../../../settlement/execution/inputAuth.ts';
import { createInputTransaction } from '../../../../settlement/execution/inputTransaction.ts';
import {
  encodePost,
  POSTED_PER_BLOCK_MAX,
  POSTED_TRANSACTIONS_MAX,
} from '../../../../settlement/execution/postedInputs.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import type { InputBody, SignedInput } from '../../../../settlement/input/types.ts';
import { accountOf } from '../../../../settlement/ledger/accounts.ts';
import { postedInputHash } from '../../../../settlement/net/postedInput.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { State } from '../../../../settlement/state.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { Signatory } from '../../../helpers/signatory.ts';
import { settlementBlock } from '../net/netFixture.ts';

const GAS_MAX = 1000;
const parts = createGenesis(
  scenarioOf(`
name: posted
duration: 30s
config:
  settlement: { batch_size: 4 }
  atomic_batches: { gas_max: ${GAS_MAX} }
auto_fund: false
accounts: { alice: { balances: { UM: 1000, TNZO: 1000 }, deposits: { UM: 100000 } }, bob: {} }
timeline:
  - { at: { block: 9 }, account: bob, deposit: { asset: UM, amount: 10 } }
`),
);
const { genesis } = parts;
const keys = new Signatory(parts);
const alice = keys.account('alice');
const bob = keys.account('bob');
const epochMs = genesis.atomic.proofs.genesisMs;

interface Wish {
  readonly ms?: number;
  readonly signature?: Uint8Array;
}

function inputOf(body: InputBody, { ms = 1000, signature }: Wish = {}): Uint8Array {
  const form = body.type === 'atomic_batch' ? 'json' : 'command';
  const signed: SignedInput = {
    ...{ from: alice.address, timestamp: epochMs + ms, target: 'settlement', form, body },
    cosignatures: [],
  };
  const text = utf8(signedTextOfInput(signed, genesis.inputs.namespace));
  return createInputTransaction(genesis.chainId, signed, signature ?? ed25519.sign(alice.secretKey, text))
    .bytes;
}

const borrow = (amount: bigint): InputBody => ({ type: 'borrow', asset: 'UM', amount });

function batch(label: string): InputBody {
  const requests = [
    {
      ...{ settlementId: scenarioIdOf('settlement', label), from: alice.address, to: bob.address },
      ...{ asset: 'TNZO', amount: 100n, kind: 'immediate' as const, metadata: '', proof: undefined },
    } satisfies SettlementRequest,
  ];
  return {
    type: 'atomic_batch',
    batch: { batchId: scenarioIdOf('batch', label), requests, expiresAtHeight: 10 },
    signers: [],
  };
}

let salt = 0;

function blockWith(height: number, ...inputs: Uint8Array[]): SettlementBlock {
  salt += 1;
  const bytes = encodePost(inputs, salt);
  return settlementBlock(height, [{ type: 'input_posted', transactionHash: postedInputHash(bytes), bytes }]);
}

class Chain {
  readonly #base = createGenesisState(genesis);
  #origin = settlementBlock(0);
  height = 1;

  get state(): State {
    return new State([this.#base.base]);
  }

  execute(
    blocks: readonly SettlementBlock[] = [],
    then: (execution: BlockExecution) => void = () => undefined,
  ) {
    this.#origin = blocks.at(-1) ?? this.#origin;
    const execution = new BlockExecution(genesis, this.state, {
      height: this.height,
      timestampMs: (this.height - 1) * genesis.blockTimeMs,
      parentStateRoot: this.#base.stateRoot,
      settlementBlocks: blocks,
      origin: this.#origin,
    });
    then(execution);
    const result = execution.finish();
    this.#base.base.absorb(result.layer);
    this.height += 1;
    return result;
  }
}

function endings({ postedFacts }: ExecutionResult): unknown[] {
  return postedFacts.flatMap((fact) => {
    if (fact.type === 'input_posted') return [];
    return [fact.type === 'posted_input_executed' ? fact.result : fact.code];
  });
}

describe('posted inputs in a block', () => {
  it('are executed in order, with receipts, marks, and flows of the window', () => {
    const chain = new Chain();
    const blocks = [
      blockWith(1, inputOf(borrow(30n)), inputOf({ type: 'repay', asset: 'UM', amount: 10n })),
      blockWith(2, inputOf(borrow(7n))),
    ];
    const result = chain.execute(blocks);
    expect(endings(result)).toEqual(['ok', 'ok', 'ok']);
    expect(result.flows).toMatchObject({
      borrowed: [{ asset: 'UM', amount: 37n }],
      repaid: [{ asset: 'UM', amount: 10n }],
    });
    expect(result.receipts.map(({ type, from, result: outcome }) => [type, from, outcome])).toEqual([
      ['borrow', alice.address, 'ok'],
      ['repay', alice.address, 'ok'],
      ['borrow', alice.address, 'ok'],
    ]);
    expect(result.inputFacts).toMatchObject([{ route: 'posted' }, { route: 'posted' }, { route: 'posted' }]);
    // Nothing of it stands in the body.
    expect(result.transactionsRoot).toBe(new Chain().execute().transactionsRoot);
    expect(accountOf(chain.state, genesis.ledger, alice.address).nonce).toBe(0);
  });

  it('are skipped with a code, and never fail the block or those behind them', () => {
    const chain = new Chain();
    const good = inputOf(borrow(1n));
    const native = keys.transaction(alice, { type: 'borrow', asset: 'UM', amount: 1n }, { nonce: 0 });
    const forged = inputOf(borrow(2n), { signature: fromHex(`0x${'11'.repeat(64)}`) });
    const late = inputOf(borrow(3n), { ms: -genesis.inputs.spanMs - 1 });
    const early = inputOf(borrow(4n), { ms: genesis.inputs.futureMs + 60_000 });
    const poor = inputOf({ type: 'transfer', to: bob.address, asset: 'UM', amount: 10n ** 9n });
    const result = chain.execute([
      blockWith(1, Uint8Array.of(1), native, forged, late, early, good, good, poor, inputOf(borrow(5n))),
    ]);
    expect(endings(result)).toEqual([
      'ENCODING_INVALID',
      'TRANSACTION_INPUT_INVALID',
      'TRANSACTION_SIGNATURE_INVALID',
      'INPUT_EXPIRED',
      'INPUT_TOO_EARLY',
      'ok',
      'INPUT_ALREADY_EXECUTED',
      'LEDGER_INSUFFICIENT_BALANCE',
      'ok',
    ]);
    expect(result.flows.borrowed).toEqual([{ asset: 'UM', amount: 6n }]);
  });

  it('are executed once, also where the same input stands in a body, whichever comes first', () => {
    const chain = new Chain();
    const input = inputOf(borrow(9n));
    expect(endings(chain.execute([blockWith(1, input)]))).toEqual(['ok']);
    expect(endings(chain.execute([blockWith(2, input)]))).toEqual(['INPUT_ALREADY_EXECUTED']);
  });

  it('have their turn in the next blocks where one brings more than it executes', () => {
    const chain = new Chain();
    const countOf = (result: ExecutionResult): number => endings(result).length;
    const blocks = Array.from({ length: POSTED_PER_BLOCK_MAX / POSTED_TRANSACTIONS_MAX + 1 }, (_, index) =>
      blockWith(
        index + 1,
        ...Array.from({ length: POSTED_TRANSACTIONS_MAX }, (_unused, at) =>
          inputOf(borrow(BigInt(1 + index * POSTED_TRANSACTIONS_MAX + at))),
        ),
      ),
    );
    expect(countOf(chain.execute(blocks))).toBe(POSTED_PER_BLOCK_MAX);
    expect(countOf(chain.execute())).toBe(POSTED_TRANSACTIONS_MAX);
    expect(countOf(chain.execute())).toBe(0);
  });

  it('take the gas of their block, also when they are refused, and wait for the next when none is left', () => {
    const chain = new Chain();
    const plain = new Chain();
    let alone = 0;
    plain.execute([blockWith(1, inputOf(batch('one')))], ({ gasUsed }) => {
      alone = gasUsed;
    });
    expect(alone).toBeGreaterThan(0);
    let gasUsed = 0;
    const forged = inputOf(batch('two'), { signature: fromHex(`0x${'11'.repeat(64)}`) });
    chain.execute([blockWith(1, forged)], (execution) => {
      gasUsed = execution.gasUsed;
    });
    expect(gasUsed).toBe(alone);
    const fitting = Math.floor(GAS_MAX / alone);
    const many = Array.from({ length: fitting + 1 }, (_, index) => inputOf(batch(`batch ${index}`)));
    expect(endings(chain.execute([blockWith(2, ...many, inputOf(borrow(1n)))]))).toEqual(
      Array(fitting).fill('ok'),
    );
    expect(endings(chain.execute())).toEqual(['ok', 'ok']);
  });
});
