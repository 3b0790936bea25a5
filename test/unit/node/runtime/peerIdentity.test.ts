import { describe, expect, it } from 'vitest';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { ValidatorSet } from '../../../../consensus/validators.ts';
import { createStatement, STATEMENT_BYTES, verifyStatement } from '../../../../node/runtime/peerIdentity.ts';

const crypto = createCrypto('full');
const signers = [0, 1, 2].map((index) =>
  crypto.createSigner(deriveSecretKey('identity', `validator/${index}`)),
);
const validators = new ValidatorSet(
  signers.slice(0, 2).map(({ publicKey }, index) => ({ name: `node-${index}`, publicKey, power: 1 })),
);
const chainId = `0x${'01'.repeat(32)}`;
const peerKey = new Uint8Array(32).fill(7);
const network = { chainId, validators, verifier: crypto };
const statement = createStatement(chainId, peerKey, signers[1] ?? crypto.createSigner(new Uint8Array(32)));

describe('verifyStatement', () => {
  it('names the validator that vouches for the libp2p key', () => {
    expect(statement.length).toBe(STATEMENT_BYTES);
    expect(verifyStatement(statement, peerKey, network)).toEqual({ ok: true, value: 1 });
  });

  it('refuses a copy of it over another connection, and on another chain', () => {
    const stolen = verifyStatement(statement, new Uint8Array(32).fill(8), network);
    expect(stolen).toMatchObject({ ok: false, code: 'PEER_STATEMENT_INVALID' });
    const elsewhere = verifyStatement(statement, peerKey, { ...network, chainId: `0x${'02'.repeat(32)}` });
    expect(elsewhere).toMatchObject({ ok: false, code: 'PEER_STATEMENT_INVALID' });
  });

  it('refuses keys that are no validator’s, and bytes that are no statement', () => {
    const stranger = createStatement(chainId, peerKey, signers[2] ?? crypto.createSigner(new Uint8Array(32)));
    expect(verifyStatement(stranger, peerKey, network)).toMatchObject({ ok: false, code: 'PEER_UNKNOWN' });
    for (const bytes of [new Uint8Array(), statement.subarray(1), new Uint8Array(STATEMENT_BYTES)]) {
      expect(verifyStatement(bytes, peerKey, network).ok).toBe(false);
    }
  });

  it('refuses a statement with any byte changed', () => {
    for (let at = 0; at < statement.length; at += 1) {
      const changed = Uint8Array.from(statement);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(verifyStatement(changed, peerKey, network).ok, `byte ${at}`).toBe(false);
    }
  });
});
