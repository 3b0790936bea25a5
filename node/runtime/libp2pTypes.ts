/** The libp2p node of this program, as its parts see it, and names of its protocols on the wire. */
import type { GossipSub } from '@libp2p/gossipsub';
import type { Identify } from '@libp2p/identify';
import type { Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface';
import type { Hash } from '../../consensus/primitives/flavor.ts';

export type NetworkServices = { readonly identify: Identify; readonly gossip: GossipSub };
export type NetworkNode = Libp2p<NetworkServices>;

/** Version of what is said under a name; the names of gossip topics carry one too (docs/protocol.md, gossip). */
const WIRE_VERSION = '1.0.0';

/** `/sidereal/<chain id>/<name>/1.0.0`: chains that share a machine or a network never hear each other. */
export function wireName(chainId: Hash, name: string): string {
  return `/sidereal/${chainId}/${name}/${WIRE_VERSION}`;
}

/** The 32 bytes of a peer's ed25519 key; undefined when it uses another kind, which no node of ours does. */
export function rawKeyOf(peer: Libp2pPeerId): Uint8Array | undefined {
  return peer.type === 'Ed25519' ? peer.publicKey.raw : undefined;
}
