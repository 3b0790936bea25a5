/** Addresses of peers and of oneself, checked before anything is opened: a wrong one is a slip in a file, not a lost connection. */
import { peerIdFromString } from '@libp2p/peer-id';
import { type Component, multiaddr } from '@multiformats/multiaddr';
import { CodedError } from '../../consensus/primitives/codedError.ts';

const hostKinds: readonly string[] = ['ip4', 'ip6', 'dns', 'dns4', 'dns6'];

/**
 * Where `p2p.listen` listens.
 * @throws {CodedError} `P2P_ADDRESS_INVALID`: it is no `/ip4/…/tcp/…` or `/ip6/…/tcp/…`.
 */
export function parseListenAddress(text: string): { readonly host: string; readonly port: number } {
  const expected = '/ip4/<address>/tcp/<port> or /ip6/<address>/tcp/<port>';
  const [host, tcp, ...rest] = componentsOf('p2p.listen', text, expected);
  const isIp = host?.name === 'ip4' || host?.name === 'ip6';
  if (!isIp || tcp?.name !== 'tcp' || rest.length > 0) throw invalid('p2p.listen', text, expected);
  return { host: host.value ?? '', port: Number(tcp.value) };
}

/**
 * Checks one address of `p2p.bootstrap`; its host may be a name.
 * @throws {CodedError} `P2P_ADDRESS_INVALID`.
 */
export function checkBootstrapAddress(text: string): void {
  const expected =
    '/ip4/<address>/tcp/<port> or /dns4/<name>/tcp/<port>, with /p2p/<identity> behind it or not';
  const [host, tcp, peer, ...rest] = componentsOf('p2p.bootstrap', text, expected);
  const isFit = hostKinds.includes(host?.name ?? '') && tcp?.name === 'tcp' && tcp.value !== '0';
  if (!isFit || (peer !== undefined && peer.name !== 'p2p') || rest.length > 0) {
    throw invalid('p2p.bootstrap', text, expected);
  }
  try {
    if (peer?.value !== undefined) peerIdFromString(peer.value);
  } catch (cause) {
    throw invalid('p2p.bootstrap', text, expected, cause);
  }
}

function componentsOf(key: string, text: string, expected: string): readonly Component[] {
  try {
    return multiaddr(text).getComponents();
  } catch (cause) {
    throw invalid(key, text, expected, cause);
  }
}

function invalid(key: string, text: string, expected: string, cause?: unknown): CodedError {
  const message = `${key}: expected ${expected}, got ${JSON.stringify(text.slice(0, 100))}`;
  return new CodedError('P2P_ADDRESS_INVALID', message, { key, address: text }, { cause });
}
