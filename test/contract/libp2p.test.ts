import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainLink } from '../../node/runtime/linkConditions.ts';
import {
  awaitGossip,
  MESSAGE_BYTES_MAX,
  NetworkFactory,
  type NetworkMember,
} from '../helpers/libp2pNetworks.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let factory: NetworkFactory;

beforeEach(() => {
  factory = new NetworkFactory(4);
});

afterEach(() => factory.close());

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textsOf = ({ received }: NetworkMember): string[] =>
  received.map(({ bytes }) => new TextDecoder().decode(bytes));

/** A chain of members, each connected to its neighbours only. */
async function startLine(count: number): Promise<NetworkMember[]> {
  const members: NetworkMember[] = [];
  for (let index = 0; index < count; index += 1) {
    const bootstrap = members.at(-1)?.network.addresses ?? [];
    members.push(await factory.start({ index, bootstrap }));
  }
  await waitUntil(() => members.slice(1).every(({ network }, index) => network.connected.includes(index)));
  await awaitGossip(members);
  return members;
}

describe('who may stay connected', () => {
  it('a peer whose key is no validator’s is disconnected, and nothing of it is heard', async () => {
    const { network, received } = await factory.start({ index: 0, bootstrap: [] });
    const stranger = await factory.start({ index: 1, signerIndex: 9, bootstrap: network.addresses });
    await waitUntil(() => network.counters.count('peer_refused', 'PEER_UNKNOWN') > 0);
    stranger.network.publish('transactions', bytesOf('let me in'));
    // A validator that comes later is heard, so what the stranger said would have been too.
    const friend = await factory.start({ index: 2, bootstrap: network.addresses });
    await waitUntil(() => network.connected.length === 1);
    await waitUntil(() => {
      friend.network.publish('transactions', bytesOf(`hello ${performance.now()}`));
      return received.length > 0;
    });
    expect(textsOf({ received } as NetworkMember).every((text) => text.startsWith('hello'))).toBe(true);
    expect(network.connected).toEqual([2]);
  });

  it('a peer of another chain is disconnected', async () => {
    const { network } = await factory.start({ index: 0, bootstrap: [] });
    const other = await factory.start({
      index: 1,
      chainId: `0x${'77'.repeat(32)}`,
      bootstrap: network.addresses,
    });
    await waitUntil(() => other.network.counters.count('peer_refused') > 0);
    expect(network.connected).toEqual([]);
    expect(other.network.connected).toEqual([]);
  });

  it('a second process with the same validator key is disconnected', async () => {
    const { network } = await factory.start({ index: 0, bootstrap: [] });
    await factory.start({ index: 3, signerIndex: 0, bootstrap: network.addresses });
    await waitUntil(() => network.counters.count('peer_refused', 'PEER_IS_SELF') > 0);
    expect(network.connected).toEqual([]);
  });

  it('a peer that never says who it is is disconnected', async () => {
    const { network } = await factory.start({ index: 0, bootstrap: [] });
    const silent = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    });
    try {
      const [address = ''] = network.addresses;
      await silent.dial(multiaddr(address));
      await waitUntil(() => network.counters.count('peer_refused', 'PEER_SILENT') > 0);
      await waitUntil(() => silent.getConnections().length === 0);
    } finally {
      await silent.stop();
    }
  });
});

describe('what the node’s verdict does', () => {
  it('accepted messages go on to others, ignored and rejected ones do not', async () => {
    const [first, middle, last] = (await startLine(3)) as [NetworkMember, NetworkMember, NetworkMember];
    middle.judge = ({ bytes }) => {
      const text = new TextDecoder().decode(bytes);
      if (text === 'ignored') return { verdict: 'ignore', code: 'VOTE_DUPLICATE' };
      if (text === 'rejected') return { verdict: 'reject', code: 'ENCODING_INVALID' };
      return { verdict: 'accept', code: undefined };
    };
    for (const text of ['ignored', 'rejected', 'accepted']) first.network.publish('votes', bytesOf(text));
    await waitUntil(() => textsOf(last).includes('accepted'));
    expect(textsOf(middle).sort()).toEqual(['accepted', 'ignored', 'rejected']);
    expect(textsOf(last)).toEqual(['accepted']);
    const { counters } = middle.network;
    expect(counters.count('gossip_ignored', 'VOTE_DUPLICATE')).toBe(1);
    expect(counters.count('gossip_rejected', 'ENCODING_INVALID')).toBe(1);
    expect(counters.count('gossip_accepted', 'votes')).toBe(1);
    await waitUntil(() => (middle.network.scoreOf(0) ?? 0) < 0);
    expect(middle.network.scoreOf(2)).toBe(0);
  });

  it('a peer that sends garbage loses its standing, is disconnected, and does not come back at once', async () => {
    const [honest, offender] = (await startLine(2)) as [NetworkMember, NetworkMember];
    honest.judge = () => ({ verdict: 'reject', code: 'ENCODING_INVALID' });
    for (const text of ['a', 'b', 'c', 'd']) offender.network.publish('votes', bytesOf(text));
    await waitUntil(() => honest.network.counters.count('peer_disconnected', 'PEER_SCORE_LOW') > 0);
    await waitUntil(() => honest.network.counters.count('peer_refused', 'PEER_SCORE_LOW') > 0);
    const third = await factory.start({ index: 2, bootstrap: honest.network.addresses });
    await waitUntil(() => honest.network.connected.includes(2) && third.network.connected.includes(0));
    expect(honest.network.connected).toEqual([2]);
  });

  it('a peer that is penalised for its answers is disconnected too', async () => {
    const [honest] = (await startLine(2)) as [NetworkMember, NetworkMember];
    for (let count = 0; count < 3; count += 1) honest.network.penalise(1, 'ENCODING_INVALID');
    await waitUntil(() => honest.network.counters.count('peer_disconnected', 'PEER_SCORE_LOW') > 0);
    await waitUntil(() => honest.network.connected.length === 0);
  });
});

describe('limits', () => {
  it('a message above the limit is rejected unread', async () => {
    const honest = await factory.start({ index: 0, bootstrap: [] });
    const { addresses } = honest.network;
    const loud = await factory.start({
      index: 1,
      bootstrap: addresses,
      messageBytesMax: 4 * MESSAGE_BYTES_MAX,
    });
    await waitUntil(() => honest.network.connected.length === 1);
    await awaitGossip([honest, loud]);
    loud.network.publish('blocks', new Uint8Array(MESSAGE_BYTES_MAX + 1));
    await waitUntil(() => honest.network.counters.count('gossip_rejected', 'MESSAGE_TOO_LARGE') === 1);
    expect(honest.received).toEqual([]);
  });

  it('a frame no honest node would send ends the connection', async () => {
    const honest = await factory.start({ index: 0, bootstrap: [] });
    const { addresses } = honest.network;
    const loud = await factory.start({
      index: 1,
      bootstrap: addresses,
      messageBytesMax: 64 * MESSAGE_BYTES_MAX,
    });
    await waitUntil(() => honest.network.connected.length === 1);
    await awaitGossip([honest, loud]);
    loud.network.publish('blocks', new Uint8Array(16 * MESSAGE_BYTES_MAX));
    await waitUntil(() => honest.network.counters.count('peer_disconnected', 'PEER_STREAM_LOST') > 0);
    expect(honest.received).toEqual([]);
  });

  it('a request above the limit is not sent', async () => {
    const [asker, asked] = (await factory.startMesh(2)) as [NetworkMember, NetworkMember];
    let count = 0;
    asked.answer = async (_from, bytes) => {
      count += 1;
      return bytes;
    };
    expect(await asker.network.request(1, 'sync', new Uint8Array(5000))).toBeUndefined();
    expect(count).toBe(0);
  });
});

describe('connections', () => {
  it('come back after a peer was restarted on its address', async () => {
    const first = await factory.start({ index: 0, bootstrap: [] });
    const [address = ''] = first.network.addresses;
    const second = await factory.start({ index: 1, bootstrap: [address] });
    await waitUntil(() => second.network.connected.includes(0));
    await first.network.stop();
    await waitUntil(() => second.network.connected.length === 0);
    const listen = [address.slice(0, address.indexOf('/p2p/'))];
    const again = await factory.start({ index: 0, bootstrap: [], listen });
    await waitUntil(() => second.network.connected.includes(0) && again.network.connected.includes(1));
    await awaitGossip([again, second]);
  });

  it('refuse to start on a port that is taken, and say what to do', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const started = factory.start({ index: 0, bootstrap: [], listen: [`/ip4/127.0.0.1/tcp/${port}`] });
      await expect(started).rejects.toMatchObject({ code: 'P2P_LISTEN_FAILED' });
      await expect(started).rejects.toThrow('choose a free port');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('leave nothing behind: a process that stops its networks ends by itself', async () => {
    const script = fileURLToPath(new URL('../helpers/startAndStopNetworks.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'stopped' });
  });
});

describe('faults on the way', () => {
  it('a direction that is cut loses messages and requests one way only', async () => {
    const [zero, one] = (await startLine(2)) as [NetworkMember, NetworkMember];
    one.network.links.set(new Map([[0, { ...plainLink, cut: true }]]));
    zero.network.publish('votes', bytesOf('lost'));
    one.network.publish('votes', bytesOf('other way'));
    await waitUntil(() => textsOf(zero).includes('other way'));
    expect(await zero.network.request(1, 'sync', Uint8Array.of(1))).toBeUndefined();
    one.network.links.set(new Map());
    zero.network.publish('votes', bytesOf('whole again'));
    await waitUntil(() => textsOf(one).includes('whole again'));
    expect(textsOf(one)).toEqual(['whole again']);
    expect(await zero.network.request(1, 'sync', Uint8Array.of(1))).toEqual(Uint8Array.of(1));
  });

  it('what a cut link swallowed still comes by another way', async () => {
    const members = await factory.startMesh(3);
    const [zero, one, two] = members as [NetworkMember, NetworkMember, NetworkMember];
    two.network.links.set(new Map([[0, { ...plainLink, cut: true }]]));
    zero.network.publish('votes', bytesOf('by way of node 1'));
    await waitUntil(() => textsOf(two).includes('by way of node 1'));
    expect(two.received.map(({ from }) => from)).toEqual([1]);
    expect(textsOf(one)).toEqual(['by way of node 1']);
  });

  it('a slow link lets a quick one overtake; a doubled message still counts once', async () => {
    const [zero, one] = (await startLine(2)) as [NetworkMember, NetworkMember];
    one.network.links.set(new Map([[0, { ...plainLink, latencyMs: 300, duplicate: 1 }]]));
    zero.network.publish('votes', bytesOf('slow'));
    const answer = zero.network.request(1, 'sync', Uint8Array.of(1));
    one.network.publish('votes', bytesOf('quick'));
    await waitUntil(() => textsOf(zero).includes('quick'));
    expect(textsOf(one)).toEqual([]);
    await waitUntil(() => textsOf(one).includes('slow'));
    expect(await answer).toEqual(Uint8Array.of(1));
    one.network.links.set(new Map());
    zero.network.publish('votes', bytesOf('last'));
    await waitUntil(() => textsOf(one).includes('last'));
    expect(textsOf(one)).toEqual(['slow', 'last']);
  });
});
