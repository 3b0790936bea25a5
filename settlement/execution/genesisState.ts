/** The state before the first block, made from genesis alone, and its root. */

import { utf8 } from '../../consensus/primitives/bytes.ts';
import { encode } from '../../consensus/primitives/codec.ts';
import { type Hash, ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { writeGenesisLedger } from '../ledger/genesis.ts';
import { writeGenesisNet } from '../net/netState.ts';
import { type Layer, State, stateRootAfter } from '../state.ts';
import type { Genesis } from './genesis.ts';

export interface GenesisState {
  readonly base: Layer;
  readonly stateRoot: Hash;
}

export function createGenesisState(genesis: Genesis): GenesisState {
  const state = new State([]);
  writeGenesisLedger(state, genesis.ledger, genesis.accounts, genesis.poolCash);
  writeGenesisNet(state, genesis.net, genesis.validators);
  const base = state.freeze();
  return { base, stateRoot: stateRootAfter(ZERO_HASH, base) };
}

/** The chain's identity in every signed byte: a hash of the configured id. */
export function chainIdOf(id: string): Hash {
  return hashBytes(
    'chainId',
    encode((writer) => writer.bytes(utf8(id), 0xffff)),
  );
}
