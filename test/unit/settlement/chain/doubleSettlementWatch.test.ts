import { describe, expect, it } from 'vitest';
import { DoubleSettlementWatch } from '../../../../settlement/chain/doubleSettlementWatch.ts';
import { encodeSettlementTransaction } from '../../../../settlement/chain/transactionCodec.ts';
import { actionsOf, batchOf, bytesOf, chainId, settle, validators, verifier } from './fixtures.ts';

function watch(): DoubleSettlementWatch {
  return new DoubleSettlementWatch({ chainId, validators }, { verifier });
}

const batch = batchOf(1);
const first = bytesOf(batch);
/** The same attempt, paying another price. */
const second = bytesOf(batch, { actions: actionsOf(batch.net, 5n) });

describe('DoubleSettlementWatch', () => {
  it('shows two transactions of one attempt that say different things, once', () => {
    const chain = watch();
    expect(chain.arrived(first)).toBeUndefined();
    expect(chain.arrived(second)).toEqual({ first, second });
    expect(chain.arrived(second)).toBeUndefined();
    expect(chain.arrived(bytesOf(batch, { actions: actionsOf(batch.net, 6n) }))).toBeUndefined();
  });

  it('shows no repetition, no replacement, no later attempt, and not what two proposers say', () => {
    const chain = watch();
    const honest = [
      first,
      first,
      bytesOf(batch, { feeCap: 2000n, tip: 20n }),
      bytesOf(batch, { attempt: 2, actions: actionsOf(batch.net, 5n) }),
      bytesOf(batch, { proposer: 1, actions: actionsOf(batch.net, 5n) }),
    ];
    for (const bytes of honest) expect(chain.arrived(bytes)).toBeUndefined();
  });

  it('is not blinded by what others forge in the name of the guilty, beforehand or in between', () => {
    const chain = watch();
    const forged = (price: bigint): Uint8Array => {
      const transaction = settle(batch, { actions: actionsOf(batch.net, price) });
      return encodeSettlementTransaction({ ...transaction, signature: new Uint8Array(64) });
    };
    expect(chain.arrived(forged(7n))).toBeUndefined();
    expect(chain.arrived(first)).toBeUndefined();
    expect(chain.arrived(forged(8n))).toBeUndefined();
    expect(chain.arrived(second)).toEqual({ first, second });
  });

  it('remembers an attempt of one proposer through any number of another’s', () => {
    const chain = watch();
    chain.arrived(first);
    for (let attempt = 1; attempt <= 2000; attempt += 1)
      chain.arrived(bytesOf(batch, { proposer: 1, attempt }));
    expect(chain.arrived(second)).toEqual({ first, second });
  });

  it('knows nothing of bytes that are no transaction, nor of other chains and strangers', () => {
    const chain = watch();
    expect(chain.arrived(Uint8Array.of(1, 2, 3))).toBeUndefined();
    for (const price of [1n, 2n]) {
      const actions = actionsOf(batch.net, price);
      expect(chain.arrived(bytesOf(batch, { proposer: 9, actions }))).toBeUndefined();
      expect(chain.arrived(bytesOf(batch, { chainId: `0x${'0c'.repeat(32)}`, actions }))).toBeUndefined();
    }
  });
});
