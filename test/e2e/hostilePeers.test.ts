import { afterEach, describe, expect, it } from 'vitest';
import { LeaderSchedule } from '../../consensus/weightedRotation.ts';
import { completionSigningBytes, decodeCompletion, encodeCompletion } from '../../node/core/completion.ts';
import { decodeVotes, encodeVotes } from '../../node/core/messages.ts';
import { REQUEST_BYTES_MAX } from '../../node/runtime/requests.ts';
import { allTopics, type GossipLine, HostilePeer } from '../helpers/hostilePeer.ts';
import { fastScenario, RuntimeNetwork } from '../helpers/runtimeNetwork.ts';
import { hashOf, Signatory } from '../helpers/signatory.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LIMIT_MS = 90_000;
const honest = [0, 1, 2, 3];
/** Its key is in hostile hands: nothing else runs under it. */
const HOSTILE = 4;
/** As the networks of these tests have it. */
const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;

/**
 * A view is given up after five seconds: attackers and victims share one process, and the machine with other work. The
 * hostile validator, which never leads as it should, has little stake, so few views are its own.
 */
const validators = honest.map((index) => `{ name: node-${index}, stake: 1000 }`);
const fiveValidators = fastScenario
  .replace(
    'config:',
    `config:\n  validators: [${validators.join(', ')}, { name: node-${HOSTILE}, stake: 100 }]`,
  )
  .replace('delta_ms: 300', 'delta_ms: 2500');

let network: RuntimeNetwork | undefined;
let peers: HostilePeer[] = [];

afterEach(async () => {
  for (const peer of peers) await peer.stop();
  peers = [];
  await network?.close();
  network = undefined;
});

/** Four honest nodes of five validators, at work. */
async function startHonest(text = fiveValidators): Promise<RuntimeNetwork> {
  const running = new RuntimeNetwork(text);
  network = running;
  await running.startSettlementChain();
  for (const index of honest) await running.startNode(index);
  await waitUntil(() => honest.every((index) => running.heightOf(index) >= 3), LIMIT_MS);
  return running;
}

async function startPeer(name: string, options?: { readonly reads?: boolean }): Promise<HostilePeer> {
  const peer = await HostilePeer.start(name, (network as RuntimeNetwork).parts.genesis.chainId, options);
  peers.push(peer);
  return peer;
}

const addressOf = (running: RuntimeNetwork, node: number): string =>
  running.node(node).network.addresses[0] ?? '';
const count = (running: RuntimeNetwork, node: number, ...what: Parameters<Counters['count']>): number =>
  running.node(node).network.counters.count(...what);
type Counters = ReturnType<RuntimeNetwork['node']>['network']['counters'];

/** A peer that shows the hostile validator's key to a node, and is let in. */
async function enter(
  running: RuntimeNetwork,
  name: string,
  node: number,
  options?: { readonly reads?: boolean },
) {
  const peer = await startPeer(name, options);
  const connection = await peer.connect(addressOf(running, node));
  const signer = new Signatory(running.parts, running.crypto).signer(HOSTILE);
  const welcome = await peer.introduce(connection, peer.statement(signer));
  expect(welcome).toBeDefined();
  const line = await peer.openGossip(connection);
  await line.subscribe();
  return { peer, connection, line };
}

/** While `attack` goes on again and again, every honest node finalises `blocks` more, and gives up no honest leader's view. */
async function keepsCadence(
  running: RuntimeNetwork,
  attack: () => Promise<unknown>,
  blocks = 20,
): Promise<void> {
  const from = Math.max(...honest.map((index) => running.heightOf(index)));
  const seen = running.events.length;
  const isDone = (): boolean => honest.every((index) => running.heightOf(index) >= from + blocks);
  const attacking = (async () => {
    while (!isDone()) {
      await attack();
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await waitUntil(isDone, LIMIT_MS);
  await attacking;
  const leaders = new LeaderSchedule(running.parts.genesis.validators);
  const givenUp = running.events
    .slice(seen)
    .flatMap(({ event }) => (event.type === 'view_nullified' ? [leaders.leaderOf(event.view)] : []));
  expect(givenUp.filter((leader) => leader !== HOSTILE)).toEqual([]);
  expect(running.disagreements).toEqual([]);
  expect(running.failures).toEqual([]);
}

/** No honest node thinks ill of another. */
function expectHonestUnharmed(running: RuntimeNetwork): void {
  for (const node of honest) {
    expect(running.node(node).network.connected.filter((peer) => peer !== HOSTILE)).toEqual(
      honest.filter((peer) => peer !== node),
    );
    for (const peer of honest.filter((other) => other !== node)) {
      expect(running.node(node).network.scoreOf(peer)).toBeGreaterThanOrEqual(0);
    }
  }
}

function noise(byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, () => Math.floor(Math.random() * 256));
}

describe('4 honest nodes, and strangers', () => {
  it('without a validator’s key, with a copied or a false statement, silent, or many at once', async () => {
    const running = await startHonest();
    const keys = new Signatory(running.parts, running.crypto);
    const { peer: spy, connection: spying } = await enter(running, 'spy', 1);
    await spying.close();
    const copied = await (async () => {
      const connection = await spy.connect(addressOf(running, 0));
      return (await spy.introduce(connection, spy.statement(keys.signer(HOSTILE)))) ?? new Uint8Array();
    })();
    expect(copied.length).toBeGreaterThan(0);
    const stranger = await startPeer('stranger');
    const copyist = await startPeer('copyist');
    const forger = await startPeer('forger');
    const early = await startPeer('early');
    const crowd = await Promise.all(Array.from({ length: 40 }, (_, index) => startPeer(`crowd-${index}`)));
    const target = addressOf(running, 2);
    const show = async (peer: HostilePeer, statement: Uint8Array): Promise<void> => {
      const connection = await peer.connect(target);
      expect(await peer.introduce(connection, statement)).toBeUndefined();
    };
    const attempts = async (): Promise<void> => {
      await Promise.allSettled([
        show(stranger, stranger.statement(running.crypto.createSigner(noise(32)))),
        show(copyist, copied),
        show(forger, noise(96)),
        // Gossip of somebody who has not said who he is fills a window, and is not read.
        early.connect(target).then(async (connection) => {
          const line = await early.openGossip(connection);
          await Promise.race([line.publish('votes', noise(1_000_000)), new Promise((r) => setImmediate(r))]);
        }),
      ]);
    };
    await keepsCadence(running, attempts);
    await keepsCadence(running, () => Promise.allSettled(crowd.map((peer) => peer.connect(target))));
    const refused = (code: string): number => count(running, 2, 'peer_refused', code);
    await waitUntil(() => refused('PEER_UNKNOWN') > 0 && refused('PEER_STATEMENT_INVALID') > 1);
    await waitUntil(() => refused('PEER_STRANGERS_TOO_MANY') > 0);
    expect(count(running, 2, 'gossip_rejected')).toBe(0);
    await Promise.all(peers.map((peer) => peer.stop()));
    // Room for who belongs here was never taken: a node that starts anew is let in everywhere.
    await running.stopNode(3);
    await running.startNode(3);
    await waitUntil(() => honest.every((node) => running.node(node).network.connected.length >= 3), LIMIT_MS);
    // The view that it left is given up.
    const left = running.heightOf(3);
    await waitUntil(() => honest.every((node) => running.heightOf(node) > left + 2), LIMIT_MS);
    await keepsCadence(running, async () => undefined, 3);
    expectHonestUnharmed(running);
  }, 180_000);
});

describe('4 honest nodes, and the key of a fifth in hostile hands', () => {
  it('that sends garbage on every topic: its score falls, it is disconnected, and no other identity helps it', async () => {
    const running = await startHonest();
    const { line } = await enter(running, 'garbage', 0);
    const { network: victim } = running.node(0);
    await line.publish('votes', noise(200));
    await waitUntil(() => (victim.scoreOf(HOSTILE) ?? 0) < 0);
    await keepsCadence(running, async () => {
      if (!line.isOpen) return;
      await line.frame(noise(300));
      for (const topic of allTopics) await line.publish(topic, noise(200), noise(50), new Uint8Array());
      await line.publish('/nowhere', noise(100));
    });
    const rejected = (code: string): number => count(running, 0, 'gossip_rejected', code);
    expect(rejected('ENCODING_INVALID')).toBeGreaterThan(2);
    expect(count(running, 0, 'peer_disconnected', 'PEER_SCORE_LOW')).toBe(1);
    expect(victim.connected).not.toContain(HOSTILE);
    const again = await startPeer('garbage under another name');
    const connection = await again.connect(addressOf(running, 0));
    const signer = new Signatory(running.parts, running.crypto).signer(HOSTILE);
    expect(await again.introduce(connection, again.statement(signer))).toBeUndefined();
    expect(count(running, 0, 'peer_refused', 'PEER_SCORE_LOW')).toBeGreaterThan(0);
    // Nobody handed any of it on.
    for (const node of [1, 2, 3]) expect(count(running, node, 'gossip_rejected')).toBe(0);
    expectHonestUnharmed(running);
  }, 180_000);

  it('that sends frames that are none, messages too large, and frames larger still', async () => {
    const running = await startHonest();
    const codes = ['FRAME_INVALID', 'MESSAGE_TOO_LARGE', 'FRAME_TOO_LARGE'] as const;
    const offences = [
      (line: GossipLine) => line.frame(new Uint8Array(64).fill(0xff)),
      (line: GossipLine) => line.publish('blocks', new Uint8Array(MESSAGE_BYTES_MAX + 1)),
      (line: GossipLine) => line.publish('blocks', new Uint8Array(9 * MESSAGE_BYTES_MAX)),
    ];
    const attackers = await Promise.all(codes.map((code, node) => enter(running, code, node)));
    const sent = Promise.all(attackers.map(({ line }, node) => offences[node]?.(line)));
    await keepsCadence(running, async () => undefined);
    await sent;
    for (const [node, code] of codes.entries()) {
      await waitUntil(() => count(running, node, 'gossip_rejected', code) > 0);
    }
    expectHonestUnharmed(running);
  }, 180_000);

  it('that asks nonsense, eight times at once, and more than fits a question', async () => {
    const running = await startHonest();
    const { peer, connection } = await enter(running, 'curious', 0);
    const large = new Uint8Array(REQUEST_BYTES_MAX + 1);
    const ask = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 8 }, () => peer.request(connection, noise(16))));
      await peer.request(connection, large);
    };
    await keepsCadence(running, ask);
    while (count(running, 0, 'peer_disconnected', 'PEER_SCORE_LOW') === 0) await ask();
    await waitUntil(() => count(running, 0, 'request_refused', 'REQUEST_TOO_LARGE') > 0);
    expect(count(running, 0, 'request_penalised', 'ENCODING_INVALID')).toBeGreaterThan(0);
    expectHonestUnharmed(running);
  }, 180_000);

  it('that floods with copies of honest votes: nothing is lost but its own', async () => {
    const running = await startHonest();
    const { peer, line } = await enter(running, 'parrot', 0);
    await waitUntil(() => peer.heard.some(({ topic }) => topic.includes('votes')), LIMIT_MS);
    let resend = 1;
    await keepsCadence(running, async () => {
      const votes = peer.heard.flatMap(({ topic, data }) => {
        const decoded = topic.includes('votes') ? decodeVotes(data) : undefined;
        return decoded?.ok ? [decoded.value] : [];
      });
      const newest = votes.slice(-20);
      const height = running.heightOf(0);
      // Five hundred a block, over thirty times what honest nodes send.
      for (let round = 0; round < 25; round += 1) {
        const copies = newest.map((message) => {
          resend += 1;
          return encodeVotes({ ...message, resend });
        });
        await line.publish('votes', ...copies);
      }
      await waitUntil(() => running.heightOf(0) > height, LIMIT_MS);
    });
    expect(count(running, 0, 'gossip_ignored')).toBeGreaterThan(100);
    expectHonestUnharmed(running);
  }, 180_000);

  it('that replays and forges news of settlements', async () => {
    const running = await startHonest(`${fiveValidators}
timeline:
  - { at: { block: 8 }, borrow: { asset: UM, amount: 1000 } }
`);
    const { genesis } = running.parts;
    const signer = new Signatory(running.parts, running.crypto).signer(HOSTILE);
    const { peer, line } = await enter(running, 'liar', 0);
    await running.submitTimeline(12);
    const news = () => peer.heard.find(({ topic }) => topic.includes('settlements'));
    await waitUntil(() => news() !== undefined, LIMIT_MS);
    const decoded = decodeCompletion(news()?.data ?? new Uint8Array());
    if (!decoded.ok) throw new Error(decoded.message);
    const original = decoded.value;
    const lie = { ...original, transactionHash: hashOf('ee'), proposer: HOSTILE };
    const signature = signer.sign(completionSigningBytes(genesis.chainId, lie));
    const forged = encodeCompletion({ ...lie, signature });
    const stolen = encodeCompletion({ ...original, transactionHash: hashOf('ee') });
    await line.publish('settlements', news()?.data ?? new Uint8Array());
    await line.publish('settlements', forged);
    await waitUntil(() => count(running, 0, 'gossip_rejected') > 0);
    await waitUntil(() => (running.node(0).network.scoreOf(HOSTILE) ?? 0) < 0);
    await keepsCadence(running, async () => {
      await line.publish('settlements', stolen, encodeCompletion({ ...original, proposer: 99 }), forged);
    });
    for (const code of [
      'COMPLETION_CONTRADICTS_CHAIN',
      'COMPLETION_SIGNATURE_INVALID',
      'COMPLETION_PROPOSER_UNKNOWN',
    ]) {
      expect(count(running, 0, 'gossip_rejected', code)).toBe(1);
    }
    expect(count(running, 0, 'peer_disconnected', 'PEER_SCORE_LOW')).toBe(1);
    for (const node of [1, 2, 3]) expect(count(running, node, 'gossip_rejected')).toBe(0);
    expectHonestUnharmed(running);
  }, 180_000);

  it('that reads nothing: it holds nobody up, and is given up', async () => {
    const running = await startHonest(`${fiveValidators}
timeline:
  - { at: { block: 1 }, account: alice, borrow: { asset: UM, amount: 1000000 } }
`);
    const keys = new Signatory(running.parts, running.crypto);
    await enter(running, 'deaf', 0, { reads: false });
    let nonce = 0;
    const isGivenUp = (): boolean => count(running, 0, 'peer_disconnected', 'PEER_READS_NOTHING') > 0;
    await keepsCadence(running, async () => {
      for (let number = 0; number < 50 && !isGivenUp(); number += 1) {
        const body = { type: 'borrow', asset: 'UM', amount: 1n } as const;
        const bytes = keys.transaction(keys.account('alice'), body, { nonce });
        nonce += 1;
        await running.node(1).runtime.submit(bytes, { gossip: true });
      }
    });
    await waitUntil(isGivenUp, LIMIT_MS);
    await waitUntil(() => !running.node(0).network.connected.includes(HOSTILE));
    expectHonestUnharmed(running);
  }, 180_000);
});
