/** A chain with the default limits and many accounts, and what a validator does with a block of it that it never saw a part of. */
import { type Block, createGenesisBlock, decodeBlock } from '../../consensus/block.ts';
import { fromHex, utf8 } from '../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import { hashPrefixed } from '../../consensus/primitives/hash.ts';
import { signPersonally } from '../../consensus/primitives/personalSign.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import { BlockTree, type ExecutedBlock } from '../../node/core/blockTree.ts';
import { Executor } from '../../node/core/executor.ts';
import { inputTermsOf } from '../../node/core/inputTerms.ts';
import { Mempool } from '../../node/core/mempool.ts';
import { SettlementView } from '../../node/core/settlementView.ts';
import { createGenesis, deriveKeyHolder } from '../../node/scenario/genesis.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { createSettlementChain } from '../../node/scenario/settlementChain.ts';
import { escrowsTable } from '../../settlement/atomic/tables.ts';
import type { Escrow } from '../../settlement/atomic/types.ts';
import { transactionGas } from '../../settlement/execution/gas.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { createGenesisState } from '../../settlement/execution/genesisState.ts';
import { signedTextOfInput } from '../../settlement/execution/inputAuth.ts';
import { blockEpochMs } from '../../settlement/execution/inputBook.ts';
import { createInputTransaction } from '../../settlement/execution/inputTransaction.ts';
import {
  cosigningBytes,
  decodeTransaction,
  encodeTransaction,
  type Transaction,
  transactionSigningBytes,
  withCosignatures,
} from '../../settlement/execution/transaction.ts';
import { cosignersOf, type TransactionBody } from '../../settlement/execution/transactionBody.ts';
import type { InputBody, SignedInput } from '../../settlement/input/types.ts';
import { accountsTable } from '../../settlement/ledger/tables.ts';
import type { Layer } from '../../settlement/state.ts';
import { createKnownSetup } from '../helpers/groth16.ts';

/** What every account holds of every asset, deposits and owes: rows as long as they get with the default assets. */
const HELD = 10n ** 21n;
const SCENARIO =
  'name: bench\nduration: 30s\nauto_fund: false\naccounts: { first: { balances: { TNZO: 1 } } }\n';

export interface BenchAccount {
  readonly address: Address;
  readonly sign: (message: Uint8Array) => Signature;
  /** As users sign inputs. */
  readonly signText: (text: string) => Signature;
}

export class BenchChain {
  /** Makes pairing proofs that the chain trusts. */
  readonly groth16 = createKnownSetup(2);
  readonly genesis: Genesis;
  readonly base: Layer;
  readonly #crypto = createCrypto('full');
  readonly #stateRoot: Hash;
  readonly #genesisBlock: Block;
  readonly #createSettlementView: () => SettlementView;

  constructor() {
    const parsed = parseScenario(SCENARIO, 'bench.yaml');
    if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
    const { scenario } = parsed.value;
    const { genesis: written } = createGenesis(scenario);
    const { atomic } = written;
    const trust = { verifyingKeys: [this.groth16.bytes] };
    const genesis = { ...written, atomic: { ...atomic, proofs: { ...atomic.proofs, trust } } };
    this.genesis = genesis;
    const { base, stateRoot } = createGenesisState(genesis);
    this.base = base;
    this.#stateRoot = stateRoot;
    const { chainId, blockTimeMs, settlementGenesisHash, validators } = genesis;
    this.#genesisBlock = createGenesisBlock({ chainId, blockTimeMs, stateRoot, settlementGenesisHash });
    const first = createSettlementChain(scenario, { chainId, validators, verifier: this.#crypto }).genesis;
    this.#createSettlementView = () => {
      const view = new SettlementView(genesis, { height: first.height, hash: first.hash });
      view.add(first);
      return view;
    };
  }

  /** An account with a full row. */
  fund(address: Address): void {
    const held = this.genesis.ledger.assets.map(() => HELD);
    this.base.open(accountsTable).set(address, { nonce: 0, balances: held, deposits: held, debts: held });
  }

  openEscrow(escrowId: Hash, escrow: Escrow): void {
    this.base.open(escrowsTable).set(escrowId, escrow);
  }

  /** @param scheme - `secp256k1`: an EVM account. */
  account(label: string, scheme: 'ed25519' | 'secp256k1' = 'ed25519'): BenchAccount {
    const { secretKey, address: key } = deriveKeyHolder('bench', label);
    const signer = this.#crypto.createSigner(secretKey);
    const account =
      scheme === 'ed25519'
        ? {
            address: key,
            sign: (message: Uint8Array) => signer.sign(message),
            signText: (text: string) => signer.sign(utf8(text)),
          }
        : {
            address: evmAddressOf(secp256k1.publicKeyOf(secretKey)) as Address,
            sign: (message: Uint8Array) => secp256k1.sign(secretKey, fromHex(hashPrefixed(message))),
            signText: (text: string) => signPersonally(secretKey, text),
          };
    this.fund(account.address);
    return account;
  }

  /** @param cosigners - All of `cosignersOf(body)`, in any order. */
  transaction(
    sender: BenchAccount,
    body: TransactionBody,
    {
      nonce = 0,
      cosigners = [],
    }: { readonly nonce?: number; readonly cosigners?: readonly BenchAccount[] } = {},
  ): Uint8Array {
    const { chainId } = this.genesis;
    const unsigned = { chainId, from: sender.address, nonce, expiresAtHeight: 0, onlyAtHeight: 0, body };
    const signature = sender.sign(transactionSigningBytes(unsigned));
    const scheme = signature.length === 64 ? ('ed25519' as const) : ('secp256k1' as const);
    const transaction: Transaction = { ...unsigned, auth: { type: 'native', scheme, signature } };
    const message = cosigningBytes(chainId, body);
    const signers = new Map(cosigners.map((cosigner) => [cosigner.address as string, cosigner]));
    const signatures = cosignersOf(body).map(
      (address) => signers.get(address)?.sign(message) ?? new Uint8Array(),
    );
    return encodeTransaction(withCosignatures(transaction, signatures));
  }

  /** The same as an input of the sender, in JSON where a batch is said. */
  input(sender: BenchAccount, body: InputBody): Uint8Array {
    const { chainId, inputs } = this.genesis;
    const form = body.type === 'atomic_batch' ? 'json' : 'command';
    const head = {
      from: sender.address,
      timestamp: blockEpochMs(this.genesis, 0),
      target: 'sidechain',
    } as const;
    const input: SignedInput = { ...head, form, body, cosignatures: [] };
    const signature = sender.signText(signedTextOfInput(input, inputs.namespace));
    return createInputTransaction(chainId, input, signature).bytes;
  }

  /** The block of a leader that holds all of these, as it travels. @throws {Error} When a block cannot hold them. */
  block(transactions: readonly Uint8Array[]): Uint8Array {
    const mempool = new Mempool();
    const executor = this.#executor(mempool);
    for (const bytes of transactions) {
      const prepared = executor.prepare(bytes);
      const verified = prepared.ok ? executor.verify(prepared.value) : prepared;
      if (!prepared.ok || !verified.ok) throw new Error(`no legal transaction: ${JSON.stringify(verified)}`);
      const terms = inputTermsOf(prepared.value.transaction, this.genesis);
      if (terms === undefined) mempool.add(prepared.value, { height: 0 }, { nonce: 0 });
      else mempool.addInput(prepared.value, terms);
    }
    const block = executor.build(this.#genesisBlock, { view: 1, timestampMs: 0 }, []);
    if (block?.body.transactions.length === transactions.length) return block.bytes;
    throw new Error(
      `of ${transactions.length} transactions a block holds ${block?.body.transactions.length}`,
    );
  }

  /** All that a validator does before it votes for the block, which it hears of for the first time. */
  validate(bytes: Uint8Array): ExecutedBlock {
    const executor = this.#executor(new Mempool());
    const block = decodeBlock(bytes);
    if (!block.ok) throw new Error(block.message);
    const checked = executor.checkBody(block.value);
    if (!checked.ok) throw new Error(checked.message);
    const executed = executor.execute(block.value, this.#genesisBlock);
    if (!executed.ok) throw new Error(executed.message);
    return executed.value;
  }

  #executor(mempool: Mempool): Executor {
    const tree = new BlockTree(this.base, this.#genesisBlock, this.#stateRoot);
    const settlement = this.#createSettlementView();
    return new Executor(
      { genesis: this.genesis, self: 0 },
      { crypto: this.#crypto, executions: undefined, messages: undefined },
      { tree, settlement, mempool },
    );
  }
}

/** Gas of transactions, as a block counts it. */
export function gasOf(transactions: readonly Uint8Array[]): number {
  return transactions.reduce((sum, bytes) => {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.message);
    return sum + transactionGas(decoded.value.transaction);
  }, 0);
}

export function benchId(kind: string, number: number): Hash {
  return `0x${kind.repeat(16)}${number.toString(16).padStart(64 - 16 * kind.length, '0')}`;
}

/** The least processor time of rounds, in us: others on the machine cost it little, and a validator has a core to itself. */
export function leastUs(run: () => void, rounds: number): number {
  run();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}
