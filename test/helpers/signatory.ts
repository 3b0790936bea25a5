/** Signs whatever a test needs with the keys of its genesis: votes, certificates, evidence, transactions, proposals. */
import type { Block } from '../../consensus/block.ts';
import { createDoubleVote } from '../../consensus/evidence.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import { type Certificate, type Vote, type VoteSubject, voteSigningBytes } from '../../consensus/vote.ts';
import { encodeProposal } from '../../node/core/messages.ts';
import type { GenesisParts, KeyHolder } from '../../node/scenario/genesis.ts';
import {
  encodeSettlementTransaction,
  signSettlementTransaction,
  type UnsignedSettlementTransaction,
} from '../../settlement/chain/transactionCodec.ts';
import type { Evidence } from '../../settlement/execution/evidence.ts';
import {
  encodeTransaction,
  signTransaction,
  type UnsignedTransaction,
} from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';

/** A hash that nothing has. */
export function hashOf(byte: string): string {
  return `0x${byte.repeat(32)}`;
}

export function nullifyIn(view: number): VoteSubject {
  return { kind: 'nullify', view, blockHash: ZERO_HASH };
}

export class Signatory {
  readonly parts: GenesisParts;
  readonly crypto: Crypto;

  constructor(parts: GenesisParts, crypto: Crypto = createCrypto('modelled')) {
    this.parts = parts;
    this.crypto = crypto;
  }

  signer(validator: number): Signer {
    const holder = this.parts.validators[validator];
    if (holder === undefined) throw new RangeError(`no validator ${validator}`);
    return this.crypto.createSigner(holder.secretKey);
  }

  vote(voter: number, { kind, view, blockHash }: VoteSubject, chainId = this.parts.genesis.chainId): Vote {
    const subject = { kind, view, blockHash };
    const signature = this.signer(voter).sign(voteSigningBytes(chainId, subject));
    return { ...subject, voter, signature };
  }

  certificate({ kind, view, blockHash }: VoteSubject, signers: readonly number[] = [0, 1, 2]): Certificate {
    const subject = { kind, view, blockHash };
    const signatures = signers.map((signer) => this.vote(signer, subject).signature);
    return { ...subject, signers, signatures };
  }

  evidence(voter: number, view = 1): Evidence {
    const [first, second] = ['aa', 'bb'].map((byte) =>
      this.vote(voter, { kind: 'notarize', view, blockHash: hashOf(byte) }),
    );
    if (first === undefined || second === undefined) throw new RangeError('two votes');
    return { type: 'votes', votes: createDoubleVote(first, second) };
  }

  /** The proposal message of a block, signed by its leader. */
  proposal(block: Block): Uint8Array {
    return encodeProposal({ block, vote: this.proposalVote(block) });
  }

  proposalVote({ header, hash }: Block): Vote {
    return this.vote(header.leader, { kind: 'notarize', view: header.view, blockHash: hash });
  }

  /** A settlement that says little and is signed all the same, of an attempt far ahead of every honest one. */
  settlement(proposer: number, changes: { readonly liquidations?: number } = {}): Uint8Array {
    const unsigned: UnsignedSettlementTransaction = {
      chainId: this.parts.genesis.chainId,
      seq: 2,
      fromHeight: 6,
      toHeight: 10,
      net: [],
      fees: [],
      liquidations: 0,
      actions: [],
      headers: [],
      certificate: this.certificate({ kind: 'finalize', view: 1, blockHash: hashOf('aa') }, [proposer]),
      proposer,
      attempt: 9,
      feeCap: 1n,
      tip: 1n,
      ...changes,
    };
    return encodeSettlementTransaction(signSettlementTransaction(unsigned, this.signer(proposer)));
  }

  account(label: string): KeyHolder {
    const holder = this.parts.accounts.get(label);
    if (holder === undefined) throw new RangeError(`no account ${label}`);
    return holder;
  }

  transaction(
    sender: KeyHolder,
    body: TransactionBody,
    changes: Partial<Omit<UnsignedTransaction, 'body' | 'from'>> = {},
    cosigners: readonly KeyHolder[] = [],
  ): Uint8Array {
    const unsigned = {
      chainId: this.parts.genesis.chainId,
      from: sender.address,
      nonce: 0,
      expiresAtHeight: 0,
      onlyAtHeight: 0,
      body,
      ...changes,
    };
    const [signer, ...others] = [sender, ...cosigners].map(({ secretKey }) =>
      this.crypto.createSigner(secretKey),
    );
    if (signer === undefined) throw new RangeError('a sender');
    return encodeTransaction(signTransaction(unsigned, signer, others));
  }
}

/** The same bytes with another last byte: every signature stands last. */
export function withWrongSignature(bytes: Uint8Array): Uint8Array {
  const damaged = bytes.slice();
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  return damaged;
}
