import { RPC } from '@libp2p/gossipsub/message';
import type { Connection } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wireName } from '../../node/runtime/libp2pTypes.ts';
import { createResolvers } from '../../node/shims.ts';
import { type GossipLine, HostilePeer } from '../helpers/hostilePeer.ts';
import { NetworkFactory, type NetworkMember, testChainId, validatorKey } from '../helpers/libp2pNetworks.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

/** The validator whose key the peers of these tests hold. */
const HOSTILE = 1;

let factory: NetworkFactory;
let peers: HostilePeer[];
let honest: NetworkMember;

beforeEach(async () => {
  factory = new NetworkFactory(4);
  peers = [];
  honest = await factory.start({ index: 0, bootstrap: [] });
});

afterEach(async () => {
  for (const peer of peers) await peer.stop();
  await factory.close();
});

const count = (...what: Parameters<NetworkMember['network']['counters']['count']>): number =>
  honest.network.counters.count(...what);

interface Entered {
  readonly peer: HostilePeer;
  readonly connection: Connection;
  readonly statement: Uint8Array;
}

async function enter(name: string): Promise<Entered> {
  const peer = await HostilePeer.start(name, testChainId);
  peers.push(peer);
  const connection = await peer.connect(honest.network.addresses[0] ?? '');
  const statement = peer.statement(factory.crypto.createSigner(validatorKey(HOSTILE)));
  expect(await peer.introduce(connection, statement)).toBeDefined();
  return { peer, connection, statement };
}

async function openLine({ peer, connection }: Entered): Promise<GossipLine> {
  const line = await peer.openGossip(connection);
  await line.subscribe();
  return line;
}

describe('connections of one validator', () => {
  it('that are more than it needs cost it the oldest', async () => {
    const { peer } = await enter('greedy');
    for (let more = 0; more < 4; more += 1) await peer.connect(honest.network.addresses[0] ?? '');
    await waitUntil(() => count('peer_refused', 'PEER_CONNECTIONS_TOO_MANY') === 2);
    await waitUntil(() => peer.connectionCount === 3);
  });

  it('under more identities than it needs cost it the oldest', async () => {
    const [first] = [await enter('one'), await enter('two'), await enter('three')];
    await waitUntil(() => count('peer_refused', 'PEER_IDENTITIES_TOO_MANY') === 1);
    await waitUntil(() => first.peer.connectionCount === 0);
    expect(honest.network.connected).toEqual([HOSTILE]);
  });

  it('over which it says twice who it is are ended', async () => {
    const { peer, connection, statement } = await enter('chatty');
    expect(await peer.introduce(connection, statement)).toBeUndefined();
    await waitUntil(() => count('peer_refused', 'PEER_STATEMENT_REPEATED') === 1);
    await waitUntil(() => honest.network.connected.length === 0);
  });

  it('end all at once when its score is too low, and none begins under another name', async () => {
    const [one, other] = [await enter('one'), await enter('two')];
    honest.judge = () => ({ verdict: 'reject', code: 'ENCODING_INVALID' });
    const line = await openLine(one);
    for (const text of ['a', 'b', 'c']) await line.publish('votes', new TextEncoder().encode(text));
    await waitUntil(() => one.peer.connectionCount + other.peer.connectionCount === 0);
    expect(count('peer_disconnected', 'PEER_SCORE_LOW')).toBe(1);
    const third = await HostilePeer.start('three', testChainId);
    peers.push(third);
    const connection = await third.connect(honest.network.addresses[0] ?? '');
    const statement = third.statement(factory.crypto.createSigner(validatorKey(HOSTILE)));
    expect(await third.introduce(connection, statement)).toBeUndefined();
    expect(honest.network.connected).toEqual([]);
  });
});

describe('gossip', () => {
  it('that is signed, or nothing at all, is rejected unheard', async () => {
    const line = await openLine(await enter('signer'));
    const message = {
      topic: wireName(testChainId, 'votes'),
      data: Uint8Array.of(1),
      signature: Uint8Array.of(2),
    };
    await line.frame(RPC.encode({ subscriptions: [], messages: [message] }));
    await line.frame(new Uint8Array(20).fill(0xff));
    await waitUntil(() => count('gossip_rejected', 'MESSAGE_SIGNED') === 1);
    await waitUntil(() => count('gossip_rejected', 'FRAME_INVALID') === 1);
    await waitUntil(() => (honest.network.scoreOf(HOSTILE) ?? 0) < 0);
    expect(honest.received).toEqual([]);
  });

  it('is not read on while too much of it is being handled, and all of it is heard in the end', async () => {
    const line = await openLine(await enter('quick'));
    const busy = createResolvers<void>();
    const { judge } = honest;
    let heard = 0;
    const all = 600;
    honest.delay = busy.promise;
    honest.judge = (message) => {
      heard += 1;
      return judge(message);
    };
    for (let number = 0; number < all; number += 1) {
      await line.publish('votes', Uint8Array.of(number >>> 8, number & 0xff));
    }
    await waitUntil(() => count('gossip_paused', 'PEER_TOO_QUICK') > 0);
    expect(honest.received.length).toBeLessThan(300);
    busy.resolve();
    honest.delay = undefined;
    await waitUntil(() => honest.received.length === all);
    expect(heard).toBe(all);
  });
});

describe('requests of one validator', () => {
  it('that are more than four at a time are refused, over however many connections', async () => {
    const { peer, connection } = await enter('curious');
    const second = await peer.connect(honest.network.addresses[0] ?? '');
    const busy = createResolvers<void>();
    honest.answer = async (_from, bytes) => {
      await busy.promise;
      return bytes;
    };
    const asked = [connection, connection, connection, second, second, second].map((one) =>
      peer.request(one, Uint8Array.of(1)),
    );
    await waitUntil(() => count('request_refused', 'REQUESTS_TOO_MANY') === 2);
    busy.resolve();
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(4);
    // What was served makes room.
    expect(await peer.request(connection, Uint8Array.of(2))).toBeDefined();
  });

  it('that the node does not answer, or that break off, are counted', async () => {
    const { peer, connection } = await enter('curious');
    honest.answer = async () => undefined;
    expect(await peer.request(connection, Uint8Array.of(1))).toBeUndefined();
    await waitUntil(() => count('request_refused', 'REQUEST_REFUSED') === 1);
    const stream = await connection.newStream(wireName(testChainId, 'sync'));
    stream.abort(new Error('changed its mind'));
    await waitUntil(() => count('request_refused', 'REQUEST_LOST') === 1);
    expect(honest.network.scoreOf(HOSTILE)).toBe(0);
  });

  it('that are too large cost it its score', async () => {
    const { peer, connection } = await enter('large');
    for (let time = 0; time < 3; time += 1) await peer.request(connection, new Uint8Array(5000));
    await waitUntil(() => count('request_refused', 'REQUEST_TOO_LARGE') === 3);
    await waitUntil(() => count('peer_disconnected', 'PEER_SCORE_LOW') === 1);
  });
});
