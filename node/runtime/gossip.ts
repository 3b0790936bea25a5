/**
 * Gossip over gossipsub: one topic for each kind of message. Messages carry their validators' own signatures, so the
 * router signs nothing and knows a message by the hash of its data. What the node says of a message decides whether it
 * goes on to others and what becomes of the peer that sent it: its score falls, and below a threshold it is disconnected.
 */
import { createHash } from 'node:crypto';
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  StrictNoSign,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import { createTopicScoreParams } from '@libp2p/gossipsub/score';
import type { PeerId as Libp2pPeerId, Stream } from '@libp2p/interface';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { MessageVerdict, PeerId, Topic } from '../core/types.ts';
import { BAN_MS } from './bans.ts';
import type { Counters } from './counters.ts';
import { GossipReader, type ReadingRouter, type Rpc } from './gossipReader.ts';
import { wireName } from './libp2pTypes.ts';
import type { LinkConditions } from './linkConditions.ts';
import type { PeerDirectory } from './peerDirectory.ts';
import type { MessageJudgement } from './peerNetwork.ts';
import { plainBytes } from './plainBytes.ts';
import { SlowReaders } from './slowReaders.ts';

const topics: readonly Topic[] = ['blocks', 'votes', 'transactions', 'evidence', 'settlements'];

/** How long an id is remembered, in ms (docs/protocol.md, views and timers); the simulated gossip has the same. */
const SEEN_TTL_MS = 120_000;
/** Mesh of small networks: half the sixfold default, which among 8 nodes sends every message several times over. */
const MESH_PEERS = 3;
const MESH_PEERS_MIN = 2;
const MESH_PEERS_MAX = 4;
/** One frame may hold several messages that a peer asked for; larger ones end the stream, in units of the largest message. */
const FRAME_MESSAGES_MAX = 8;
/** What may wait for a peer that reads slowly, in units of the largest message; beyond that its stream is given up. */
const OUTBOUND_MESSAGES_MAX = 8;
/** A peer below this is not listened to, and is disconnected at the next heartbeat: three rejected messages do it. */
const SCORE_MIN = -80;
/** Weight of a rejected message; the router squares how many there were lately. */
const REJECT_WEIGHT = -10;
/** What an answer or request that is no such thing costs. */
const PENALTY = -30;
/** Share of a penalty that is left after a second. */
const PENALTY_DECAY = 0.98;
/** What reading nothing costs, at each disconnection: too little to be banned for, since a machine may sleep. */
const SLOW_PENALTY = -10;
/**
 * Slips in the router's own bookkeeping that cost nothing, a second: a node that was killed knows no longer who asked it to
 * stay out of the mesh, on five topics, and one on a bad link promises messages that never arrive.
 */
const BEHAVIOUR_SLIPS_MAX = 20;
/** Members of the router that its public type leaves out. `handleReceivedRpc` is meant to be replaced, says its source. */
interface Router extends Omit<GossipSub, keyof ReadingRouter>, ReadingRouter {
  readonly score: { score(peer: string): number };
  readonly streamsOutbound: ReadonlyMap<string, { readonly rawStream: Stream }>;
}

export interface GossipOptions {
  readonly chainId: Hash;
  readonly messageBytesMax: number;
}

export interface GossipDependencies {
  readonly directory: PeerDirectory;
  readonly links: LinkConditions;
  readonly counters: Counters;
  /** Judges a message; undefined before the node runs. */
  readonly judge: (topic: Topic, from: PeerId, bytes: Uint8Array) => Promise<MessageJudgement>;
  /** A peer is not wanted any more: for its score, or because no gossip gets through to it. */
  readonly drop: (peer: Libp2pPeerId, code: DropCode) => void;
}

export type DropCode = 'PEER_SCORE_LOW' | 'PEER_STREAM_LOST' | 'PEER_READS_NOTHING';

export class Gossip {
  readonly #options: GossipOptions;
  readonly #dependencies: GossipDependencies;
  readonly #topicByName = new Map<string, Topic>();
  readonly #penalties = new Map<string, number>();
  /** Peers without a stream at the last heartbeat. */
  #streamless = new Set<string>();
  readonly #slow = new SlowReaders();
  #router: Router | undefined;

  constructor(options: GossipOptions, dependencies: GossipDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    for (const topic of topics) this.#topicByName.set(wireName(options.chainId, topic), topic);
  }

  /** The service for libp2p. */
  create(components: GossipSubComponents): GossipSub {
    const { messageBytesMax } = this.#options;
    const names = [...this.#topicByName.keys()];
    const router = gossipsub({
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: ({ data }) => createHash('sha256').update(data).digest(),
      seenTTL: SEEN_TTL_MS,
      emitSelf: false,
      floodPublish: false,
      D: MESH_PEERS,
      Dlo: MESH_PEERS_MIN,
      Dhi: MESH_PEERS_MAX,
      Dout: 1,
      allowedTopics: names,
      allowPublishToZeroTopicPeers: true,
      fallbackToFloodsub: false,
      // What is being handled is known by it (gossipReader.ts).
      awaitRpcMessageHandler: true,
      ignoreDuplicatePublishError: true,
      maxInboundDataLength: messageBytesMax * FRAME_MESSAGES_MAX,
      maxOutboundBufferSize: messageBytesMax * OUTBOUND_MESSAGES_MAX,
      scoreParams: {
        topics: Object.fromEntries(names.map((name) => [name, topicScore()])),
        appSpecificScore: (peer) => this.#penalties.get(peer) ?? 0,
        appSpecificWeight: 1,
        // All peers of a local network have one address; who may connect is decided by validator keys, not addresses.
        IPColocationFactorWeight: 0,
        behaviourPenaltyThreshold: BEHAVIOUR_SLIPS_MAX,
        decayInterval: 1000,
        retainScore: BAN_MS,
      },
      scoreThresholds: {
        gossipThreshold: SCORE_MIN / 4,
        publishThreshold: SCORE_MIN / 2,
        graylistThreshold: SCORE_MIN,
      },
    })(components) as unknown as Router;
    this.#router = router;
    this.#playConditions(router);
    const { directory, counters } = this.#dependencies;
    new GossipReader(this.#options, {
      router,
      directory,
      counters,
      isTopic: (name) => this.#topicByName.has(name),
      penalise: (peer) => this.penalise(peer),
    }).attach();
    for (const [name, topic] of this.#topicByName) {
      router.topicValidators.set(name, (peer, message) => this.#validate(topic, peer, message));
    }
    router.addEventListener('gossipsub:heartbeat', () => this.#onHeartbeat());
    return router as unknown as GossipSub;
  }

  /** Begins to listen. */
  subscribe(): void {
    for (const name of this.#topicByName.keys()) this.#started().subscribe(name);
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    assert(bytes.length <= this.#options.messageBytesMax, `own message of ${bytes.length} bytes on ${topic}`);
    this.#started()
      .publish(wireName(this.#options.chainId, topic), bytes)
      .catch(() => this.#dependencies.counters.add('gossip_publish_failed', topic));
  }

  /** Lowers a peer's score for something it did beside gossip. */
  penalise(peer: Libp2pPeerId, penalty: number = PENALTY): void {
    const id = peer.toString();
    this.#penalties.set(id, (this.#penalties.get(id) ?? 0) + penalty);
  }

  /** The router's score of a peer; it keeps none of one that has never gossiped, whatever else that did. */
  scoreOf(peer: Libp2pPeerId): number {
    const id = peer.toString();
    return Math.min(this.#started().score.score(id), this.#penalties.get(id) ?? 0);
  }

  /** Links with faults lose or delay messages before the router has seen them, as a network would. */
  #playConditions(router: Router): void {
    const { directory, links } = this.#dependencies;
    const handle = router.handleReceivedRpc.bind(router);
    router.handleReceivedRpc = async (from, rpc) => {
      const end = directory.validatorOf(from);
      if (end === undefined || links.isPlain(end) || rpc.messages.length === 0) return handle(from, rpc);
      const atOnce: Rpc['messages'][number][] = [];
      for (const message of rpc.messages) {
        for (const delayMs of links.draw(end)) {
          if (delayMs === 0) atOnce.push(message);
          else {
            links.later(end, delayMs, () => {
              handle(from, { subscriptions: [], messages: [message] }).catch(() => undefined);
            });
          }
        }
      }
      return handle(from, { ...rpc, messages: atOnce });
    };
  }

  async #validate(topic: Topic, peer: Libp2pPeerId, { data }: Message): Promise<TopicValidatorResult> {
    const { counters } = this.#dependencies;
    const { verdict, code } = await this.#judge(topic, peer, data);
    if (verdict === 'accept') counters.add('gossip_accepted', topic);
    else counters.add(verdict === 'reject' ? 'gossip_rejected' : 'gossip_ignored', code ?? topic);
    return results[verdict];
  }

  async #judge(topic: Topic, peer: Libp2pPeerId, data: Uint8Array): Promise<MessageJudgement> {
    if (data.length > this.#options.messageBytesMax) return { verdict: 'reject', code: 'MESSAGE_TOO_LARGE' };
    const from = await this.#dependencies.directory.knownAs(peer);
    if (from === undefined) return { verdict: 'ignore', code: 'PEER_UNKNOWN' };
    return this.#dependencies.judge(topic, from, plainBytes(data));
  }

  #onHeartbeat(): void {
    for (const [peer, penalty] of this.#penalties) {
      if (penalty > -1) this.#penalties.delete(peer);
      else this.#penalties.set(peer, penalty * PENALTY_DECAY);
    }
    const { directory, drop } = this.#dependencies;
    const { streamsInbound, streamsOutbound } = this.#started();
    const streamless = new Set<string>();
    const seen = new Set<string>();
    for (const peer of directory.peers()) {
      const id = peer.toString();
      seen.add(id);
      if (this.scoreOf(peer) < SCORE_MIN) {
        drop(peer, 'PEER_SCORE_LOW');
        continue;
      }
      if (this.#slow.look(id, streamsOutbound.get(id)?.rawStream.writeBufferLength ?? 0)) {
        this.penalise(peer, SLOW_PENALTY);
        drop(peer, 'PEER_READS_NOTHING');
        continue;
      }
      // The router never opens a stream again that broke, so the connection must begin anew. One heartbeat is for opening.
      if (streamsInbound.has(id) && streamsOutbound.has(id)) continue;
      if (this.#streamless.has(id)) drop(peer, 'PEER_STREAM_LOST');
      else streamless.add(id);
    }
    this.#streamless = streamless;
    this.#slow.keep(seen);
  }

  #started(): Router {
    assert(this.#router !== undefined, 'gossip has no router yet');
    return this.#router;
  }
}

const results: Readonly<Record<MessageVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/** Only what is wrong counts: topics may be quiet for long, and nobody owes anybody deliveries. */
function topicScore() {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0,
    firstMessageDeliveriesWeight: 0,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: REJECT_WEIGHT,
    invalidMessageDeliveriesDecay: 0.98,
  });
}
