/** Which ports the processes of a local network listen on: in a row from a base, or free ones that nobody chose. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { CodedError } from '../../consensus/primitives/codedError.ts';

/** Between two kinds of port: so many nodes fit at most. */
const KIND_STEP = 1000;
const PORT_MAX = 65_535;
/** Where free ports are looked for: below those that the system hands out by itself, which may be taken a moment later. */
const FREE_MIN = 12_000;
const FREE_MAX = 30_000;
const FREE_TRIES = 200;

export interface NetworkPorts {
  /** HTTP of node-i, in order. */
  readonly api: readonly number[];
  readonly settlement: number;
  /** libp2p of node-i, in order. */
  readonly p2p: readonly number[];
}

/**
 * HTTP of node-i on base + i, the settlement chain on base + 1000, libp2p of node-i on base + 2000 + i.
 * @throws {CodedError} `PORT_OUT_OF_RANGE`.
 */
export function portsFrom(base: number, nodeCount: number): NetworkPorts {
  const last = base + 2 * KIND_STEP + nodeCount - 1;
  if (last > PORT_MAX || nodeCount > KIND_STEP) {
    throw new CodedError(
      'PORT_OUT_OF_RANGE',
      `expected ports up to ${PORT_MAX}, got ${last} for the last of ${nodeCount} nodes: choose a smaller --port`,
      { base, last },
    );
  }
  const row = (from: number): number[] => Array.from({ length: nodeCount }, (_, index) => from + index);
  return { api: row(base), settlement: base + KIND_STEP, p2p: row(base + 2 * KIND_STEP) };
}

/**
 * Ports that nobody listens on now.
 * @throws {CodedError} `PORT_NONE_FREE`.
 */
export async function findFreePorts(host: string, nodeCount: number): Promise<NetworkPorts> {
  const count = 2 * nodeCount + 1;
  for (let tries = 0; tries < FREE_TRIES; tries += 1) {
    const from = randomInt(FREE_MIN, FREE_MAX - count);
    const ports = Array.from({ length: count }, (_, index) => from + index);
    const free = await Promise.all(ports.map((port) => isFree(host, port)));
    if (!free.every(Boolean)) continue;
    return {
      api: ports.slice(0, nodeCount),
      settlement: from + nodeCount,
      p2p: ports.slice(nodeCount + 1),
    };
  }
  throw new CodedError('PORT_NONE_FREE', `no ${count} free ports in a row on ${host}`, { host, count });
}

/** @returns The first port of these that somebody listens on, if any. */
export async function findTakenPort(host: string, ports: NetworkPorts): Promise<number | undefined> {
  for (const port of [...ports.api, ports.settlement, ...ports.p2p]) {
    if (!(await isFree(host, port))) return port;
  }
  return undefined;
}

export function portTaken(host: string, port: number): CodedError {
  const message = `port ${port} on ${host} is taken: choose others with --port, or stop what listens there`;
  return new CodedError('PORT_TAKEN', message, { host, port });
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
