import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signAsEvmAccount } from '../../../../consensus/primitives/accountSignature.ts';
import { fromHex, toHex, utf8 } from '../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { signPersonally } from '../../../../consensus/primitives/personalSign.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import type { Signature, Verifier } from '../../../../consensus/primitives/signature.ts';
import { signedInputOf as signedInputOfData } from '../../../../node/batcher/input/ledgerInput.ts';
import { SidechainGrammar } from '../../../../node/batcher/input/sidechainGrammar.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { inputRequestId, signedTextOfInput } from '../../../../settlement/execution/inputAuth.ts';
import { createInputTransaction } from '../../../../settlement/execution/inputTransaction.ts';
import {
  cosigningBytes,
  decodeTransaction,
  encodeTransaction,
  signTransaction,
  type Transaction,
  transactionId,
  verifyTransaction,
} from '../../../../settlement/execution/transaction.ts';
import { inputJsonOf, inputTextOf } from '../../../../settlement/input/inputText.ts';
import { batchTextBytes } from '../../../../settlement/input/inputTextBytes.ts';
import { requestIdOf } from '../../../../settlement/input/requestId.ts';
import { sealJson } from '../../../../settlement/input/sealedJson.ts';
import { signedTextOf } from '../../../../settlement/input/signedText.ts';
import type { InputBody, SignedInput } from '../../../../settlement/input/types.ts';
import { judgementOf } from '../../../helpers/judgement.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { signUserInput, transactionOfInput } from '../../../helpers/userInputs.ts';

// Symbols that look alike in what is signed, hold numbers between marks, or hold what separates arguments.
const symbols = ['UM', 'USDC', 'TNZO', 'u.m', 'u-m', 'A', 'A.5', '5.A', 'A|7', 'x|y', 'T1', '-'];
const { genesis: shipped } = createGenesis(scenarioOf('name: inputs\nduration: 4s\n'));
const chain = { ...shipped, ...judgementOf(shipped.chainId, { symbols }) };
const { chainId } = chain;
const grammar = new SidechainGrammar(chain);
/** Inputs ask no policy of signatures. */
const nobody: Verifier = { verify: () => false };

const secretKey = deriveSecretKey(1, 'user');
const keyAccount = toHex(ed25519.publicKeyOf(secretKey));
const evmAccount = evmAddressOf(secp256k1.publicKeyOf(secretKey));
const otherKey = deriveSecretKey(1, 'other');
const otherAccount = toHex(ed25519.publicKeyOf(otherKey));
const otherEvm = evmAddressOf(secp256k1.publicKeyOf(otherKey));
const timestamp = 1_767_225_600_000;

function signed(input: SignedInput, namespace = ''): Signature {
  const text = signedTextOfInput(input, namespace);
  return input.from === evmAccount ? signPersonally(secretKey, text) : ed25519.sign(secretKey, utf8(text));
}

function verdictOf(bytes: Uint8Array, on: Parameters<typeof verifyTransaction>[1] = chain): string {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return decoded.code;
  const verified = verifyTransaction(decoded.value, on, nobody);
  return verified.ok ? 'ok' : verified.code;
}

/** The bytes of an input as its account signs it, whatever the door would say. */
function bytesOf(input: SignedInput, namespace = ''): Uint8Array {
  return createInputTransaction(chainId, input, signed(input, namespace)).bytes;
}

const account = fc.constantFrom(keyAccount, evmAccount);
const to = fc.constantFrom(otherAccount, otherEvm, `0x${'0'.repeat(40)}`, `0x${'0'.repeat(64)}`);
const symbol = fc.constantFrom(...symbols, 'um', 'usdc');
const amount = fc.oneof(
  fc.constantFrom(1n, 5n, 57n, 2n ** 128n - 1n),
  fc.bigInt({ min: 1n, max: 10n ** 30n }),
);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
const simple: fc.Arbitrary<InputBody> = fc.oneof(
  fc.record({
    type: fc.constantFrom('borrow' as const, 'repay' as const, 'deposit' as const, 'withdraw' as const),
    asset: symbol,
    amount,
  }),
  fc.record({ type: fc.constant('transfer' as const), to, asset: symbol, amount }),
  fc.record({
    type: fc.constant('liquidate' as const),
    borrower: to,
    debtAsset: symbol,
    amount,
    collateralAsset: symbol,
    exactCollateral: fc.constant(undefined),
  }),
);
const proof = fc.oneof(
  fc.constant(undefined),
  fc.record({
    kind: fc.constant('cryptographic' as const),
    signer: fc.constant(otherEvm),
    signature: fc.constant(signAsEvmAccount(otherKey, utf8('x'))),
  }),
  fc.record({
    kind: fc.constant('multi_party' as const),
    threshold: fc.integer({ min: 0, max: 255 }),
    signers: fc.constantFrom([], [{ signer: otherAccount, signature: undefined }]),
  }),
  fc.record({ kind: fc.constant('tee_attestation' as const), document: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({
    kind: fc.constant('zero_knowledge' as const),
    verifyingKeyId: hash,
    points: fc.uint8Array({ minLength: 256, maxLength: 256 }),
    publicInputs: fc.array(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), { maxLength: 3 }),
  }),
);
const metadata = fc.oneof(
  fc.constantFrom('', '{"a":1}', '\u0000"\\\u2028', '\ufeff', 'ÄÖ😀', '-'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** A batch that the account's own signature authorises, with one signer beside it or none. */
function batchOf(from: string): fc.Arbitrary<{ body: InputBody; cosignatures: readonly Signature[] }> {
  const request = fc.record({
    settlementId: hash,
    from: fc.constant(from),
    to,
    amount: amount.map((value) => value % 10n ** 20n || 1n),
    asset: fc.constantFrom('UM', 'USDC', 'A|7'),
    kind: fc.constantFrom('immediate' as const, 'escrow_release' as const, 'channel_close' as const),
    metadata,
    lastHeight: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
    proof,
  });
  const withoutMisplaced = request.map((one) =>
    one.kind === 'immediate' ? one : { ...one, lastHeight: undefined },
  );
  return fc
    .record({
      batchId: hash,
      expiresAtHeight: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      requests: fc.uniqueArray(withoutMisplaced, {
        minLength: 1,
        maxLength: 3,
        selector: (one) => one.settlementId,
      }),
      signers: fc.constantFrom<readonly string[]>([], [otherAccount], [otherEvm]),
    })
    .map(({ signers, ...batch }) => {
      const body = { type: 'atomic_batch' as const, batch, signers };
      const message = cosigningBytes(chainId, body);
      const sign = (signer: string): Signature =>
        signer === otherEvm ? signAsEvmAccount(otherKey, message) : ed25519.sign(otherKey, message);
      return { body, cosignatures: signers.map(sign) };
    });
}

const input: fc.Arbitrary<SignedInput> = account.chain((from) => {
  const envelope = {
    from: fc.constant(from),
    timestamp: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }),
    target: fc.constantFrom(undefined, 'sidechain' as const, 'settlement' as const),
  };
  return fc.oneof(
    fc.record({
      ...envelope,
      form: fc.constantFrom('command' as const, 'json' as const),
      body: simple,
      cosignatures: fc.constant([]),
    }),
    fc
      .tuple(fc.record(envelope), batchOf(from))
      .map(([head, said]) => ({ ...head, form: 'json' as const, ...said })),
  );
});

/** As a user sends it. */
function dataOf(of: SignedInput) {
  return {
    address: of.from as string,
    addressType: of.from === evmAccount ? (0 as const) : (200 as const),
    input: inputTextOf(of),
    signature: toHex(signed(of)),
    timestamp: String(of.timestamp),
    target: of.target,
  };
}

describe('an input as a ledger transaction', () => {
  it('is good on the ledger exactly where the door lets its text in, and says the same', () => {
    let accepted = 0;
    fc.assert(
      fc.property(input, (of) => {
        const data = dataOf(of);
        const parsed = grammar.parse(data.input, of.from);
        expect(verdictOf(bytesOf(of)) === 'ok').toBe(parsed.ok);
        if (!parsed.ok) return;
        accepted += 1;
        expect(signedInputOfData(data, parsed.value)).toEqual(of);
        expect(transactionOfInput(chain, chainId, data).bytes).toEqual(bytesOf(of));
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(60);
  });

  it('is written again letter by letter from whatever text the door lets in', () => {
    const spelling = fc.record({ shuffle: fc.boolean(), upper: fc.boolean(), spoken: fc.boolean() });
    fc.assert(
      fc.property(input, spelling, (of, { shuffle, upper, spoken }) => {
        const json = inputJsonOf(of);
        const entries = Object.entries(
          spoken && of.body.type === 'atomic_batch' ? { signers: [], ...json } : json,
        );
        if (shuffle) entries.reverse();
        const plain = sealJson(Object.fromEntries(entries));
        const text = of.form === 'command' ? inputTextOf(of) : upper ? plain.toUpperCase() : plain;
        const parsed = grammar.parse(text, of.from);
        if (parsed.ok) expect(inputTextOf({ form: of.form, ...parsed.value })).toBe(text);
      }),
    );
  });

  it('is priced by exactly as many bytes as its text has, which is not written for that', () => {
    fc.assert(
      fc.property(account.chain(batchOf), ({ body, cosignatures }) => {
        if (body.type !== 'atomic_batch') throw new TypeError('no batch');
        const text = inputTextOf({ form: 'json', body, cosignatures });
        expect(batchTextBytes(body)).toBe(utf8(text).length);
      }),
    );
    const none = { type: 'atomic_batch' as const, signers: [otherAccount, otherEvm] };
    const body = { ...none, batch: { batchId: chainId, expiresAtHeight: 0, requests: [] } };
    const text = inputTextOf({ form: 'json', body, cosignatures: [new Uint8Array(64), new Uint8Array(65)] });
    expect(batchTextBytes(body)).toBe(text.length);
  });

  it('has one request id and one transaction id: neither stands for two of the other', () => {
    const sound = (one: SignedInput): boolean => grammar.parse(inputTextOf(one), one.from).ok;
    fc.assert(
      fc.property(fc.array(input, { minLength: 2, maxLength: 12 }), fc.boolean(), (made, isTwin) => {
        // Alike in all but one thing, half of the time.
        const [first] = made as [SignedInput];
        const all = isTwin
          ? made.map((one) => ({ ...one, from: first.from, timestamp: first.timestamp }))
          : made;
        const ids = all.filter(sound).map((one) => {
          const { transaction, id } = createInputTransaction(chainId, one, signed(one));
          return [requestIdIn(transaction), id] as const;
        });
        expect(new Set(ids.map(([request]) => request)).size).toBe(new Set(ids.map(([, id]) => id)).size);
        expect(new Set(ids.map(String)).size).toBe(new Set(ids.map(([, id]) => id)).size);
      }),
    );
  });

  it('is refused with one changed bit anywhere', () => {
    fc.assert(
      fc.property(input, fc.nat(), fc.integer({ min: 0, max: 7 }), (of, position, bit) => {
        fc.pre(grammar.parse(inputTextOf(of), of.from).ok);
        const bytes = Uint8Array.from(bytesOf(of));
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(verdictOf(bytes)).not.toBe('ok');
      }),
      { numRuns: 400 },
    );
  });

  const said: SignedInput = {
    from: evmAccount,
    timestamp,
    target: 'sidechain',
    form: 'command',
    body: { type: 'borrow', asset: 'UM', amount: 5n },
    cosignatures: [],
  };

  it('is one transaction however it was sent: letter case, and the last byte of wallets', () => {
    const data = signUserInput(secretKey, {
      input: 'borrow|UM|5',
      timestamp,
      target: 'sidechain',
      scheme: 'secp256k1',
    });
    const { bytes, id } = transactionOfInput(chain, chainId, data);
    expect(verdictOf(bytes)).toBe('ok');
    const loud = {
      ...data,
      address: `0x${data.address.slice(2).toUpperCase()}`,
      signature: `0x${data.signature.slice(2).toUpperCase()}`,
    };
    expect(transactionOfInput(chain, chainId, loud).bytes).toEqual(bytes);
    const plain = fromHex(data.signature);
    plain[64] = (plain[64] ?? 0) - 27;
    expect(transactionOfInput(chain, chainId, { ...data, signature: toHex(plain) }).bytes).toEqual(bytes);
    expect(decodeTransaction(bytes)).toMatchObject({ ok: true, value: { id } });
  });

  it('is known to the ledger by the id that the door gave', () => {
    for (const target of [undefined, 'settlement'] as const) {
      const data = signUserInput(secretKey, {
        input: 'borrow|UM|5',
        timestamp,
        target,
        namespace: 'My App ',
      });
      const { transaction } = transactionOfInput(chain, chainId, data);
      const given = requestIdOf(data.addressType, data.address, signedTextOf(data, 'My App '));
      expect(requestIdIn(transaction, 'My App ')).toBe(given);
    }
  });

  it('is another transaction than a native one that does the same', () => {
    const signer = { publicKey: keyAccount, sign: (bytes: Uint8Array) => ed25519.sign(secretKey, bytes) };
    const { chainId: on } = chain;
    const unsigned = {
      chainId: on,
      from: keyAccount,
      nonce: 0,
      expiresAtHeight: 0,
      onlyAtHeight: 0,
      body: said.body,
    };
    const native = signTransaction(unsigned, signer);
    const asInput = createInputTransaction(on, { ...said, from: keyAccount }, new Uint8Array(64));
    expect(asInput.id).not.toBe(transactionId(native));
    expect(asInput.id).toBe(transactionId(asInput.transaction));
  });

  it('cannot be signed otherwise by anybody but its account', () => {
    const { transaction } = createInputTransaction(chainId, said, signed(said));
    const { auth } = transaction;
    const withSignature = (signature: Uint8Array): Uint8Array =>
      encodeTransaction({ ...transaction, auth: { ...auth, signature } });
    expect(verdictOf(withSignature(auth.signature))).toBe('ok');
    expect(verdictOf(withSignature(signPersonally(otherKey, signedTextOfInput(said, ''))))).toBe(
      'TRANSACTION_SIGNATURE_INVALID',
    );
    // The other root of the same signature, and the same one as wallets write it.
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = Uint8Array.from(auth.signature);
    const s = order - BigInt(toHex(high.subarray(32, 64)));
    high.set(fromHex(`0x${s.toString(16).padStart(64, '0')}`), 32);
    high[64] = 1 - (high[64] ?? 0);
    expect(verdictOf(withSignature(high))).toBe('TRANSACTION_SIGNATURE_INVALID');
    expect(verdictOf(withSignature(signed(said)))).toBe('TRANSACTION_SIGNATURE_INVALID');
  });

  it('belongs to one namespace, and is good on every chain that has it', () => {
    const named = judgementOf(chainId, { symbols, namespace: 'game' });
    expect(verdictOf(bytesOf(said, 'game'), named)).toBe('ok');
    expect(verdictOf(bytesOf(said, ''), named)).toBe('TRANSACTION_SIGNATURE_INVALID');
    const elsewhere = judgementOf(`0x${'cd'.repeat(32)}`, { symbols });
    expect(verdictOf(bytesOf(said), elsewhere)).toBe('TRANSACTION_CHAIN_MISMATCH');
    // The text names no chain: whoever carries it there makes it a transaction of that chain.
    const carried = createInputTransaction(elsewhere.chainId, said, signed(said));
    expect(verdictOf(carried.bytes, elsewhere)).toBe('ok');
    expect(carried.id).not.toBe(createInputTransaction(chainId, said, signed(said)).id);
  });

  it('names this ledger as its target, or none where that means this ledger', () => {
    const untargeted = { ...said, target: undefined };
    expect(verdictOf(bytesOf(untargeted))).toBe('ok');
    const elsewhere = judgementOf(chainId, { symbols, takesUntargeted: false });
    expect(verdictOf(bytesOf(untargeted), elsewhere)).toBe('TRANSACTION_INPUT_INVALID');
    expect(verdictOf(bytesOf(said), elsewhere)).toBe('ok');
  });

  it.each([
    ['an asset that looks like one of the ledger', { type: 'borrow', asset: 'um', amount: 5n }],
    ['an asset that looks like another', { type: 'borrow', asset: 'u.m', amount: 5n }],
    ['an asset with the mark of arguments', { type: 'borrow', asset: 'x|y', amount: 5n }],
    ['an asset that looks like an amount', { type: 'deposit', asset: 'A.5', amount: 5n }],
    ['nothing', { type: 'deposit', asset: 'UM', amount: 0n }],
  ] as const)('is no command of %s, though its account signed it', (_, body) => {
    expect(verdictOf(bytesOf({ ...said, body }))).toBe('TRANSACTION_INPUT_INVALID');
  });

  it('is no longer than what the door takes: to hash its text costs every validator', () => {
    const batchOfLength = (length: number): InputBody => ({
      type: 'atomic_batch',
      signers: [],
      batch: {
        batchId: chainId,
        expiresAtHeight: 1,
        requests: Array.from({ length }, (_, index) => ({
          settlementId: `0x${index.toString(16).padStart(64, '0')}`,
          from: evmAccount,
          to: otherEvm,
          amount: 1n,
          asset: 'UM',
          kind: 'immediate' as const,
          metadata: '"'.repeat(4000),
        })),
      },
    });
    expect(verdictOf(bytesOf({ ...said, form: 'json', body: batchOfLength(31) }))).toBe('ok');
    expect(verdictOf(bytesOf({ ...said, form: 'json', body: batchOfLength(33) }))).toBe(
      'TRANSACTION_INPUT_INVALID',
    );
  });

  it.each<readonly [string, Partial<Transaction>]>([
    ['a nonce', { nonce: 1 }],
    ['a last height', { expiresAtHeight: 9 }],
    ['a height', { onlyAtHeight: 9 }],
    ['what only the oracle may do', { body: { type: 'price', asset: 'UM', price: 1n } }],
    [
      'what only the oracle may liquidate',
      {
        body: {
          type: 'liquidate',
          borrower: otherEvm,
          debtAsset: 'UM',
          amount: 1n,
          collateralAsset: 'UM',
          exactCollateral: 1n,
        },
      },
    ],
    [
      'a batch as a command',
      {
        body: {
          type: 'atomic_batch',
          batch: { batchId: chainId, expiresAtHeight: 1, requests: [] },
          signers: [],
        },
      },
    ],
  ])('does not decode with %s', (_, changes) => {
    const { transaction } = createInputTransaction(chainId, said, signed(said));
    expect(verdictOf(encodeTransaction({ ...transaction, ...changes }))).toBe('ENCODING_INVALID');
  });
});

function requestIdIn({ from, body, auth, cosignatures }: Transaction, namespace = ''): string {
  if (auth.type !== 'input') throw new TypeError('no input');
  return inputRequestId(
    { from, body, auth, ...(cosignatures === undefined ? {} : { cosignatures }) },
    namespace,
  );
}
