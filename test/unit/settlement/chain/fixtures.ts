/** A small sidechain to settle: validators with tag signatures, headers, certificates, batches, chains. */
import { createGenesisBlock, type Header, headerHash } from '../../../../consensus/block.ts';
import { equalBytes, fromHex, utf8 } from '../../../../consensus/primitives/bytes.ts';
import { type Hash, ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../../consensus/primitives/hash.ts';
import { Random } from '../../../../consensus/primitives/random.ts';
import type { Signature, Signer, Verifier } from '../../../../consensus/primitives/signature.ts';
import { ValidatorSet } from '../../../../consensus/validators.ts';
import { type Certificate, type VoteSubject, voteSigningBytes } from '../../../../consensus/vote.ts';
import { DoubleSettlementWatch } from '../../../../settlement/chain/doubleSettlementWatch.ts';
import { MockSettlementChain, type SettlementChainOptions } from '../../../../settlement/chain/mockChain.ts';
import {
  encodeSettlementTransaction,
  signSettlementTransaction,
  type UnsignedSettlementTransaction,
} from '../../../../settlement/chain/transactionCodec.ts';
import { netBatchCommitment } from '../../../../settlement/net/commitment.ts';
import type {
  NetAmount,
  NetBatchContent,
  SettlementAction,
  SettlementTransaction,
} from '../../../../settlement/net/settlement.ts';

export const chainId: Hash = hashBytes('chainId', utf8('test'));
export const baseAsset = 'USDC';
export const bridgeFees = { networkFeeBps: 50, feeMin: 1n };

/** A tag over key and message: enough to tell a right signature from a wrong one. */
function tag(publicKey: string, message: Uint8Array): Signature {
  const half = fromHex(hashBytes('message', utf8(publicKey), message));
  return Uint8Array.from([...half, ...half]);
}

export const verifier: Verifier = {
  verify: (publicKey, message, signature) => equalBytes(tag(publicKey, message), signature),
};

export const validators = new ValidatorSet(
  [0, 1, 2, 3].map((index) => ({
    name: `node-${index}`,
    publicKey: `${hashBytes('secretKey', utf8(`validator-${index}`))}`,
    power: 1000,
  })),
);

export function signerOf(index: number): Signer {
  const { publicKey } = validators.at(index);
  return { publicKey, sign: (message) => tag(publicKey, message) };
}

export function certify(subject: VoteSubject, signers: readonly number[] = [0, 1, 2]): Certificate {
  const message = voteSigningBytes(chainId, subject);
  return { ...subject, signers, signatures: signers.map((signer) => signerOf(signer).sign(message)) };
}

export function finalise(header: Header, signers?: readonly number[]): Certificate {
  return certify({ kind: 'finalize', view: header.view, blockHash: headerHash(header) }, signers);
}

/** A header of `height`, on any parent unless one is given. */
export function headerAt(height: number, overrides: Partial<Header> = {}): Header {
  const { header } = createGenesisBlock({
    chainId,
    blockTimeMs: 2000,
    stateRoot: ZERO_HASH,
    settlementGenesisHash: ZERO_HASH,
  });
  return { ...header, height, view: height, ...overrides };
}

/** `header` and `count` descendants. */
export function chainOf(header: Header, count: number): Header[] {
  const headers = [header];
  for (let parent = header; headers.length <= count; ) {
    parent = headerAt(parent.height + 1, { parentHash: headerHash(parent) });
    headers.push(parent);
  }
  return headers;
}

/** Batch `seq` of five blocks each. */
export function batchOf(
  seq: number,
  net: readonly NetAmount[] = [{ asset: 'UM', amount: 1700n }],
): NetBatchContent {
  return { seq, fromHeight: seq * 5 - 4, toHeight: seq * 5, net, fees: [], liquidations: 0 };
}

export function actionsOf(net: readonly NetAmount[], amountInMax = 10n ** 30n): SettlementAction[] {
  return net.map(({ asset, amount }): SettlementAction => {
    if (amount < 0n) return { type: 'ibc_transfer', asset, amount: -amount };
    if (asset === baseAsset) return { type: 'draw', asset, amount };
    return { type: 'swap', asset, amount, amountInMax };
  });
}

/** A valid settlement of `batch`; overrides come before signing, so only they are wrong. */
export function settle(
  batch: NetBatchContent,
  overrides: Partial<UnsignedSettlementTransaction> = {},
): SettlementTransaction {
  const header = headerAt(batch.toHeight, { batchCommitment: netBatchCommitment(batch) });
  const unsigned: UnsignedSettlementTransaction = {
    chainId,
    ...batch,
    actions: actionsOf(batch.net),
    headers: [header],
    certificate: finalise(header),
    proposer: 0,
    attempt: 1,
    feeCap: 1000n,
    tip: 10n,
    ...overrides,
  };
  return signSettlementTransaction(unsigned, signerOf(unsigned.proposer % validators.count));
}

export function bytesOf(
  batch: NetBatchContent,
  overrides?: Partial<UnsignedSettlementTransaction>,
): Uint8Array {
  return encodeSettlementTransaction(settle(batch, overrides));
}

export function createChain(overrides: Partial<SettlementChainOptions> = {}): MockSettlementChain {
  return new MockSettlementChain(
    {
      chainId,
      blockTimeMs: 5000,
      phaseMs: 0,
      gasLimit: 10_000_000,
      baseFeeInitial: 100n,
      background: { type: 'none' },
      baseAsset,
      assets: ['TNZO', 'UM', 'USDC', 'WETH'],
      pools: undefined,
      treasury: undefined,
      bridgeFees,
      validators,
      random: new Random('chain'),
      historyBlocks: 64,
      ...overrides,
    },
    { verifier },
  );
}

export function createWatch(): DoubleSettlementWatch {
  return new DoubleSettlementWatch({ chainId, validators }, { verifier });
}
