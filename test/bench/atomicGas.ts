/**
 * What gas buys: each price against the time that a validator takes for what it stands for, and the dearest blocks that are
 * legal against the time they may take. Every figure is a block that goes through all that a validator does before it votes.
 */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { proofSigningBytes } from '../../settlement/atomic/proofs/signatureProof.ts';
import { settlementStatement } from '../../settlement/atomic/statement.ts';
import type { AtomicBatchOperation, SettlementRequest } from '../../settlement/atomic/types.ts';
import { TEXT_BYTES_PER_GAS } from '../../settlement/input/gas.ts';
import type { InputBody } from '../../settlement/input/types.ts';
import { type BenchAccount, BenchChain, benchId, gasOf, leastUs } from './atomicWorld.ts';

const ROUNDS = 12;
/** A price may be off by this factor, dearer or cheaper, before it is wrong. */
const PRICE_FACTOR_MAX = 1.5;
/** Half of `consensus.delta_ms`, in ms: the bar of docs/protocol.md. */
const BLOCK_MS_MAX = 250;
const SIGNERS = 1000;
const PARTIES = 16;

export interface GasReport {
  readonly prices: readonly {
    readonly what: string;
    readonly count: number;
    readonly gasEach: number;
    readonly usEach: number;
    readonly usPerGas: number;
  }[];
  readonly blocks: readonly {
    readonly shape: string;
    readonly transactions: number;
    readonly bytes: number;
    readonly gas: number;
    readonly ms: number;
  }[];
}

export function measureGas(): GasReport {
  const world = new GasWorld();
  return { prices: world.prices(), blocks: world.blocks() };
}

export function printGas({ prices, blocks }: GasReport): void {
  console.log('gas                        count   gas each    us each   us per gas');
  for (const { what, count, gasEach, usEach, usPerGas } of prices) {
    const [each, us] = [gasEach.toFixed(2).padStart(9), usEach.toFixed(2).padStart(10)];
    console.log(
      `  ${what.padEnd(24)}${String(count).padStart(6)}  ${each} ${us}   ${usPerGas.toFixed(2).padStart(8)}${usPerGas > PRICE_FACTOR_MAX ? '  TOO CHEAP' : ''}`,
    );
  }
  console.log('dearest legal blocks                  transactions     bytes      gas      ms');
  for (const { shape, transactions, bytes, gas, ms } of blocks) {
    const columns = [String(transactions).padStart(12), String(bytes).padStart(9), String(gas).padStart(8)];
    console.log(`  ${shape.padEnd(36)}${columns.join(' ')} ${ms.toFixed(1).padStart(7)}`);
  }
  const dearest = Math.max(...blocks.map(({ ms }) => ms));
  const verdict = dearest <= BLOCK_MS_MAX ? 'met' : 'NOT MET';
  console.log(`the dearest takes ${dearest.toFixed(0)} ms; at most ${BLOCK_MS_MAX}: ${verdict}`);
}

interface Shape {
  readonly requests: number;
  readonly batches?: number;
  readonly signers?: readonly BenchAccount[];
  readonly metadata?: string;
  /** Paid out of escrows with as many parties as there can be, instead of a balance. */
  readonly releases?: boolean;
  /** Payees that nobody else pays. */
  readonly payees?: boolean;
  /** Each request is proven by so many of the signers' keys. */
  readonly proofParties?: number;
  /** Each request is proven by pairings. */
  readonly isPaired?: boolean;
  /** The sender is an EVM account, as that of an input is. */
  readonly isEvm?: boolean;
  /** Each batch is an input of an EVM account. */
  readonly isInput?: boolean;
  /** The last request asks for more than there is. */
  readonly fails?: boolean;
}

class GasWorld {
  readonly #chain = new BenchChain();
  readonly #senders: readonly BenchAccount[];
  readonly #payees: readonly BenchAccount[];
  readonly #keys: readonly BenchAccount[];
  readonly #evm: readonly BenchAccount[];
  readonly #parties: readonly BenchAccount[];

  constructor() {
    const accounts = (what: string, count: number, scheme?: 'secp256k1') =>
      Array.from({ length: count }, (_, index) => this.#chain.account(`${what} ${index}`, scheme));
    this.#senders = accounts('sender', this.#chain.genesis.blockTransactionsMax);
    this.#payees = accounts('payee', SIGNERS);
    this.#keys = ordered(accounts('signer', SIGNERS));
    this.#evm = ordered(accounts('signer', SIGNERS, 'secp256k1'));
    this.#parties = this.#keys.slice(0, PARTIES);
    for (let escrow = 0; escrow < 4000; escrow += 1) {
      this.#chain.openEscrow(benchId('e', escrow), {
        payer: this.#payees[0]?.address ?? '',
        asset: 'TNZO',
        amount: 10n ** 21n,
        parties: this.#parties.map(({ address }) => address),
        threshold: PARTIES,
        expiresAtHeight: 100,
      });
    }
  }

  prices(): GasReport['prices'] {
    const one = this.#batches({ requests: 1 });
    const none: readonly Uint8Array[] = [];
    const many = { requests: 1000 } as const;
    const requests = this.#batches(many);
    const few = this.#batches({ requests: 300 });
    const fewer = this.#batches({ requests: 100 });
    return [
      this.#price('batch of one request', 400, none, this.#batches({ requests: 1, batches: 400 })),
      this.#price('request', 999, one, requests),
      this.#price('request, own payee', 999, one, this.#batches({ ...many, payees: true })),
      this.#price('request, failing', 999, one, this.#batches({ ...many, payees: true, fails: true })),
      this.#price(
        'release, 16 parties',
        999,
        this.#batches({ requests: 1, releases: true, signers: this.#parties }),
        this.#batches({ ...many, releases: true, signers: this.#parties }),
      ),
      this.#price('signature, ed25519', SIGNERS, one, this.#batches({ requests: 1, signers: this.#keys })),
      this.#price('signature, secp256k1', SIGNERS, one, this.#batches({ requests: 1, signers: this.#evm })),
      this.#price('proof of 1 party', 300, few, this.#batches({ requests: 300, proofParties: 1 })),
      this.#price('proof of 16 parties', 100, fewer, this.#batches({ requests: 100, proofParties: PARTIES })),
      this.#price('proof by pairings', 4, one, this.#batches({ requests: 4, isPaired: true })),
      this.#textPrice('text of input, 100 bytes', { requests: 950 }),
      this.#textPrice('escaped text, 100 bytes', { requests: 30, metadata: '\u0000'.repeat(1400) }),
      this.#metadataPrice('metadata, ASCII, 100 bytes', 'a'.repeat(4096)),
      this.#metadataPrice('metadata, UTF-8, 100 bytes', 'é'.repeat(2048)),
    ];
  }

  /** Each fills a block up to the first limit that it meets; the rest of the block is inputs that transfer, the dearest that has no gas. */
  blocks(): GasReport['blocks'] {
    const { gasMax } = this.#chain.genesis.atomic;
    const shapes: Readonly<Record<string, Shape>> = {
      'batches of one request': { requests: 1 },
      'batches of 1000 requests': { requests: 1000 },
      'own payees': { requests: 1000, payees: true },
      'own payees, the last request fails': { requests: 1000, payees: true, fails: true },
      'releases by 16 parties': { requests: 900, releases: true, signers: this.#parties },
      'ed25519 signers': { requests: 1, signers: this.#keys.slice(0, 800) },
      'secp256k1 signers': { requests: 1, signers: this.#evm.slice(0, 800) },
      'proofs of 1 party': { requests: 600, proofParties: 1 },
      'proofs of 16 parties': { requests: 48, proofParties: PARTIES },
      'proofs by pairings': { requests: 5, isPaired: true },
      'signers of a long body': {
        requests: 150,
        metadata: 'a'.repeat(4096),
        signers: this.#keys.slice(0, 800),
      },
      metadata: { requests: 30, metadata: 'é'.repeat(2048) },
      'large inputs': { requests: 950, isInput: true },
      'large inputs, escaped metadata': { requests: 30, metadata: '\u0000'.repeat(1400), isInput: true },
    };
    const blocks = Object.entries(shapes).map(([shape, form]) => {
      const [single] = this.#batches(form);
      const each = gasOf(single === undefined ? [] : [single]);
      const bytesMax = this.#chain.genesis.blockBytesMax - 1024;
      const count = Math.min(
        Math.floor(gasMax / each),
        Math.floor(bytesMax / ((single?.length ?? 0) + 4)),
        this.#chain.genesis.blockTransactionsMax,
      );
      const batches = this.#batches({ ...form, batches: count });
      const left = bytesMax - batches.reduce((sum, { length }) => sum + length + 4, 0);
      return this.#block(shape, [...batches, ...this.#transfers(count, left, true)]);
    });
    return [
      this.#block('transfers of EVM accounts', this.#transfers(0, Number.POSITIVE_INFINITY)),
      this.#block('the same as inputs', this.#transfers(0, Number.POSITIVE_INFINITY, true)),
      ...blocks,
    ];
  }

  #block(shape: string, transactions: readonly Uint8Array[]): GasReport['blocks'][number] {
    const bytes = this.#chain.block(transactions);
    const us = leastUs(() => this.#chain.validate(bytes), ROUNDS);
    return {
      shape,
      transactions: transactions.length,
      bytes: bytes.length,
      gas: gasOf(transactions),
      ms: us / 1000,
    };
  }

  #price(
    what: string,
    count: number,
    less: readonly Uint8Array[],
    more: readonly Uint8Array[],
  ): GasReport['prices'][number] {
    const [few, all] = [this.#chain.block(less), this.#chain.block(more)];
    const us =
      leastUs(() => this.#chain.validate(all), ROUNDS) - leastUs(() => this.#chain.validate(few), ROUNDS);
    const gas = gasOf(more) - gasOf(less);
    return { what, count, gasEach: gas / count, usEach: us / count, usPerGas: us / gas };
  }

  #metadataPrice(what: string, metadata: string): GasReport['prices'][number] {
    const [less, more] = [this.#batches({ requests: 200 }), this.#batches({ requests: 200, metadata })];
    return this.#price(what, (200 * 4096) / 100, less, more);
  }

  /** Of an input, beside what the same batch costs as a transaction. */
  #textPrice(what: string, shape: Shape): GasReport['prices'][number] {
    const less = this.#batches({ ...shape, batches: 3, isEvm: true });
    const more = this.#batches({ ...shape, batches: 3, isInput: true });
    return this.#price(what, ((gasOf(more) - gasOf(less)) * TEXT_BYTES_PER_GAS) / 100, less, more);
  }

  #transfers(from: number, bytesMax: number, isInput = false): readonly Uint8Array[] {
    const transfers: Uint8Array[] = [];
    let byteCount = 0;
    for (let index = from; index < this.#chain.genesis.blockTransactionsMax; index += 1) {
      const sender = this.#evm[index] as BenchAccount;
      const to = this.#payees[index]?.address ?? '';
      const body: InputBody = { type: 'transfer', to, asset: 'WBTC', amount: 1n };
      const bytes = isInput ? this.#chain.input(sender, body) : this.#chain.transaction(sender, body);
      byteCount += bytes.length + 4;
      if (byteCount > bytesMax) break;
      transfers.push(bytes);
    }
    return transfers;
  }

  #batches({ batches = 1, ...shape }: Shape): readonly Uint8Array[] {
    return Array.from({ length: batches }, (_, number) => {
      const { signers = [], isInput, isEvm = isInput } = shape;
      const sender = (isEvm === true ? this.#evm : this.#senders)[number] as BenchAccount;
      const body = this.#batch(number, sender, shape);
      if (isInput === true) return this.#chain.input(sender, body);
      return this.#chain.transaction(sender, body, { cosigners: signers });
    });
  }

  #batch(number: number, sender: BenchAccount, shape: Omit<Shape, 'batches'>): AtomicBatchOperation {
    const {
      requests: count,
      signers = [],
      metadata = '',
      releases,
      payees,
      fails,
      proofParties = 0,
      isPaired,
    } = shape;
    const [batchId, expiresAtHeight] = [benchId('b', number), 10];
    const requests = Array.from({ length: count }, (_, index): SettlementRequest => {
      const settlementId = benchId('d', number * 1000 + index);
      const to = this.#payees[payees === true ? index : index % 2]?.address ?? '';
      const amount = fails === true && index === count - 1 ? 10n ** 24n : 10n ** 15n;
      const common = { settlementId, to, amount, asset: 'TNZO', metadata };
      if (releases !== true) {
        const request = { ...common, from: sender.address, kind: 'immediate' } as const;
        if (proofParties === 0 && isPaired !== true) return request;
        const { chainId } = this.#chain.genesis;
        const statement = settlementStatement(chainId, { batchId, expiresAtHeight }, request);
        if (isPaired === true) return { ...request, proof: this.#chain.groth16.prove(statement) };
        const message = proofSigningBytes(statement);
        const parties = this.#keys.slice(0, proofParties);
        const signed = parties.map(({ address, sign }) => ({ signer: address, signature: sign(message) }));
        return { ...request, proof: { kind: 'multi_party', threshold: proofParties, signers: signed } };
      }
      const escrow: Hash = benchId('e', (number * 1000 + index) % 4000);
      return { ...common, from: escrow as string, kind: 'escrow_release' };
    });
    const batch: AtomicBatchOperation['batch'] = {
      batchId: benchId('b', number),
      expiresAtHeight: 10,
      requests,
    };
    return { type: 'atomic_batch', batch, signers: signers.map(({ address }) => address) };
  }
}

function ordered(accounts: readonly BenchAccount[]): readonly BenchAccount[] {
  return [...accounts].sort((a, b) => (String(a.address) < String(b.address) ? -1 : 1));
}
