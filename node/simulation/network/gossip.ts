/**
 * Gossip in virtual time: a full mesh in which every delivery takes its own time or is lost, and nobody passes on what
 * another sent. The very same bytes object
 * goes to every receiver. Whoever watches the run is told of every vote that leaves its own voter.
 */
import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Height, TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { Vote } from '../../../consensus/vote.ts';
import { decodeProposal, decodeVotes, type ProposalMessage, type VotesMessage } from '../../core/messages.ts';
import type { MessageCache } from '../../core/ports.ts';
import type { Input, PeerId, Topic } from '../../core/types.ts';
import type { EventQueue, SimulationEvent } from '../eventQueue.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { GossipMemory, GossipMessage } from './gossipMemory.ts';
import { type Links, LOST } from './links.ts';

export interface GossipDependencies {
  readonly queue: EventQueue;
  readonly memory: GossipMemory;
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
  /** The messages the nodes share, if they do. */
  readonly messages: MessageCache | undefined;
  readonly deliver: (node: SimulatedNode, input: Input) => void;
  readonly voteSent: (vote: Vote) => void;
  /** A proposal leaves its leader; one that dies right after it never reports it. */
  readonly proposalSent: (height: Height) => void;
}

export class Gossip {
  readonly #dependencies: GossipDependencies;

  constructor(dependencies: GossipDependencies) {
    this.#dependencies = dependencies;
  }

  publish(node: SimulatedNode, topic: Topic, bytes: Uint8Array): void {
    const { queue, memory, links, nodes } = this.#dependencies;
    const { nowMs } = queue;
    const message = memory.publish(node.index, topic, bytes, nowMs);
    if (message === undefined) return;
    if (topic === 'votes') this.#watchVotes(node, bytes);
    else if (topic === 'blocks') this.#watchProposal(node, bytes);
    const isPlain = links.isPlain(bytes.length);
    for (const peer of nodes) {
      if (peer === node || peer.core === undefined) continue;
      if (isPlain) {
        const delayMs = links.drawDelayMs();
        if (delayMs !== LOST) this.#schedule(nowMs + delayMs, node, peer, message);
        continue;
      }
      links.carry(node.index, peer.index, bytes.length, nowMs, (atMs) => {
        this.#schedule(atMs, node, peer, message);
      });
    }
  }

  /**
   * To some peers only, as a node may that does not keep to the gossip protocol: past its own duplicate cache and the
   * others' too, as if theirs had expired. No honest node sends like this.
   */
  sendTo(node: SimulatedNode, peers: readonly PeerId[], topic: Topic, bytes: Uint8Array): void {
    const { queue, links, nodes } = this.#dependencies;
    const { nowMs } = queue;
    const message: GossipMessage = {
      topic,
      bytes,
      fingerprint: 0,
      seenAtMs: [],
      lastSeenAtMs: nowMs,
      next: undefined,
    };
    for (const index of peers) {
      const peer = nodes[index];
      if (peer?.core === undefined) continue;
      links.carry(node.index, index, bytes.length, nowMs, (atMs) => {
        this.#schedule(atMs, node, peer, message);
      });
    }
  }

  arrives({ node: index, incarnation, peer, message }: SimulationEvent): void {
    const { queue, memory, links, nodes, deliver } = this.#dependencies;
    const node = nodes[index];
    if (node?.incarnation !== incarnation || message === undefined || links.isCut(peer, index)) return;
    const { nowMs } = queue;
    if (!memory.receive(index, message, nowMs)) return;
    deliver(node, { type: 'message', nowMs, topic: message.topic, from: peer, bytes: message.bytes });
  }

  #schedule(atMs: TimeMs, from: SimulatedNode, to: SimulatedNode, message: GossipMessage): void {
    const event = this.#dependencies.queue.schedule(atMs, 'gossip');
    event.node = to.index;
    event.incarnation = to.incarnation;
    event.peer = from.index;
    event.message = message;
  }

  // What the sender put into the shared messages is what its bytes decode to (node/core/ports.ts).

  #watchVotes(node: SimulatedNode, bytes: Uint8Array): void {
    const shared = this.#dependencies.messages?.get(bytes) as Verdict<VotesMessage> | undefined;
    const verdict = shared ?? decodeVotes(bytes);
    if (!verdict.ok) return;
    for (const vote of verdict.value.votes) this.#watchVote(node, vote);
  }

  #watchProposal(node: SimulatedNode, bytes: Uint8Array): void {
    const shared = this.#dependencies.messages?.get(bytes) as Verdict<ProposalMessage> | undefined;
    const verdict = shared ?? decodeProposal(bytes);
    if (!verdict.ok) return;
    this.#dependencies.proposalSent(verdict.value.block.header.height);
    this.#watchVote(node, verdict.value.vote);
  }

  #watchVote(node: SimulatedNode, vote: Vote): void {
    if (vote.voter === node.index && !node.hasLied) this.#dependencies.voteSent(vote);
  }
}
