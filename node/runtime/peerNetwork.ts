/** The network between nodes, as a port: gossip to all, requests to one. Peers are validators, known by index. */
import type { MessageVerdict, PeerId, RequestProtocol, Topic } from '../core/types.ts';

export interface MessageJudgement {
  readonly verdict: MessageVerdict;
  /** Why, when it is not `accept`. */
  readonly code: string | undefined;
}

/** What the network hands to the node above it. */
export interface PeerNetworkHandlers {
  /** A gossip message came; the answer decides whether it goes on to others, and what it does to the peer's standing. */
  message(topic: Topic, from: PeerId, bytes: Uint8Array): Promise<MessageJudgement>;
  /** A peer asks. @returns The answer; undefined refuses. */
  request(from: PeerId, protocol: RequestProtocol, bytes: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface PeerNetwork {
  start(handlers: PeerNetworkHandlers): Promise<void>;
  /** Sends to all peers; bytes sent or received within two minutes are not sent again. Never waits, never throws. */
  publish(topic: Topic, bytes: Uint8Array): void;
  /** Asks one peer. @returns The answer; undefined when it refused, is away or took too long. */
  request(peer: PeerId, protocol: RequestProtocol, bytes: Uint8Array): Promise<Uint8Array | undefined>;
  /** What a peer did beside gossip was wrong: its standing suffers, and at some point it is disconnected. */
  penalise(peer: PeerId, code: string): void;
  /** Leaves no timer, socket or port behind. */
  stop(): Promise<void>;
}
