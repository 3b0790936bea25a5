/** Whose bucket a request comes out of: an IPv4 address, or the network of an IPv6 one. */
import { isIPv6 } from 'node:net';

/** Groups of 16 bits that name the network: providers give a customer a /64 at least, so the rest is his to choose. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** @param address - Of the connection. @returns Equal texts for addresses of one client. */
export function clientKeyOf(address: string): string {
  const [bare = ''] = address.split('%');
  const mapped = /^::ffff:([0-9.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  // An IPv4 address at the end stands for two groups, which are not of the network.
  const backCount = back.length + (bare.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : GROUPS - front.length - backCount;
  const groups = [...front, ...new Array<string>(zeros).fill('0'), ...back];
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
