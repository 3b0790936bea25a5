/**
 * Gossip in virtual time: a full mesh in which every delivery takes its own time or is lost. The very same bytes object
 * goes to every receiver. Whoever watches the run is told of every vote that leaves its own voter.
 */
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Vote } from '../../consensus/vote.ts';
import { decodeProposal, decodeVotes, type ProposalMessage, type VotesMessage } from '../core/messages.ts';
import type { MessageCache } from '../core/ports.ts';
import type { Input, Topic } from '../core/types.ts';
import type { EventQueue, SimulationEvent } from './eventQueue.ts';
import { LOST, type SimulatedNetwork } from './network.ts';
import type { SimulatedNode } from './simulatedNode.ts';

export interface GossipDependencies {
  readonly queue: EventQueue;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  /** The messages the nodes share, if they do. */
  readonly messages: MessageCache | undefined;
  readonly deliver: (node: SimulatedNode, input: Input) => void;
  readonly voteSent: (vote: Vote) => void;
}

export class Gossip {
  readonly #dependencies: GossipDependencies;

  constructor(dependencies: GossipDependencies) {
    this.#dependencies = dependencies;
  }

  publish(node: SimulatedNode, topic: Topic, bytes: Uint8Array): void {
    const { queue, network, nodes } = this.#dependencies;
    const { nowMs } = queue;
    const message = network.publish(node.index, topic, bytes, nowMs);
    if (message === undefined) return;
    if (topic === 'votes' || topic === 'blocks') this.#watchVotes(node, topic, bytes);
    for (const peer of nodes) {
      if (peer === node || peer.core === undefined) continue;
      const delayMs = network.drawDelayMs();
      if (delayMs === LOST) continue;
      const event = queue.schedule(nowMs + delayMs, 'gossip');
      event.node = peer.index;
      event.incarnation = peer.incarnation;
      event.peer = node.index;
      event.message = message;
    }
  }

  arrives({ node: index, incarnation, peer, message }: SimulationEvent): void {
    const { queue, network, nodes, deliver } = this.#dependencies;
    const node = nodes[index];
    if (node?.incarnation !== incarnation || message === undefined) return;
    const { nowMs } = queue;
    if (!network.receive(index, message, nowMs)) return;
    deliver(node, { type: 'message', nowMs, topic: message.topic, from: peer, bytes: message.bytes });
  }

  #watchVotes(node: SimulatedNode, topic: 'votes' | 'blocks', bytes: Uint8Array): void {
    for (const vote of this.#votesIn(topic, bytes)) {
      if (vote.voter === node.index) this.#dependencies.voteSent(vote);
    }
  }

  /** What the sender put into the shared messages is what its bytes decode to (node/core/ports.ts). */
  #votesIn(topic: 'votes' | 'blocks', bytes: Uint8Array): readonly Vote[] {
    const shared = this.#dependencies.messages?.get(bytes);
    if (topic === 'votes') {
      const verdict = (shared as Verdict<VotesMessage> | undefined) ?? decodeVotes(bytes);
      return verdict.ok ? verdict.value.votes : [];
    }
    const verdict = (shared as Verdict<ProposalMessage> | undefined) ?? decodeProposal(bytes);
    return verdict.ok ? [verdict.value.vote] : [];
  }
}
