/**
 * What the devnet engine drives: a local network of real nodes, however it runs. Faults of links are states that replace
 * each other, so saying one again changes nothing; whatever concerns one process is asked for one thing at a time.
 */
import type { ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { CrossChainDeposit } from '../../../settlement/net/crossChain.ts';
import type { LinkEnd, LinkQuality } from '../../runtime/linkConditions.ts';
import type { SettlementClient } from '../../runtime/settlementPort.ts';
import type { SettlementChainFault } from '../../scenario/types.ts';
import type { NodeReport } from '../nodeReporter.ts';

/** What happens to a network, told as it comes. */
export type DevnetEvent =
  | { readonly type: 'node'; readonly node: ValidatorIndex; readonly report: NodeReport }
  /** A process has ended and nobody asked it to. */
  | {
      readonly type: 'exited';
      /** Undefined: the settlement chain. */
      readonly node: ValidatorIndex | undefined;
      readonly reason: string;
    };

export interface DevnetControl {
  /** Starts every process. Resolves when all nodes take submissions and know each other. @throws {CodedError} What keeps one from starting. */
  start(onEvent: (event: DevnetEvent) => void): Promise<void>;
  /** Ends every process; nothing is left behind but files. May be called at any time, and again. */
  stop(): Promise<void>;
  /** Says when genesis is, in ms since 1970, more than a second ahead. Until then none of the processes does anything. */
  begin(genesisMs: number): Promise<void>;

  /** Ends a process at once, as a power cut does; it may be paused. Resolves when it is gone. */
  kill(node: ValidatorIndex): Promise<void>;
  /** Empties the disk of a node that is down. */
  wipe(node: ValidatorIndex): Promise<void>;
  /** Starts a node that is down, on its data and ports. Resolves when it takes submissions. */
  startNode(node: ValidatorIndex): Promise<void>;
  /** The process stands still. */
  pause(node: ValidatorIndex): Promise<void>;
  resume(node: ValidatorIndex): Promise<void>;

  /** Hands a transaction to one node and nobody else: it does not gossip it. Resolves when the node has taken it, or is gone. */
  submit(node: ValidatorIndex, bytes: Uint8Array): Promise<void>;

  /** What comes to a node over each link, from now on and over restarts; a link that is not named is plain. */
  setLinks(node: ValidatorIndex, links: ReadonlyMap<LinkEnd, LinkQuality>): void;
  /** Whether a node keeps its settlements to itself. */
  setWithheld(node: ValidatorIndex, on: boolean): void;
  /** Turns a fault of the settlement chain on or off; one that is an instant happens when it is turned on. */
  setChainFault(fault: SettlementChainFault, on: boolean): Promise<void>;
  /** Has an account of the settlement chain deposit for one of the sidechain. @throws {CodedError} Why the chain takes none. */
  deposit(deposit: CrossChainDeposit): Promise<void>;
  /** Posts inputs on the settlement chain. @throws {CodedError} Why the chain takes none. */
  post(bytes: Uint8Array): Promise<void>;
  /** A client of the settlement chain that no fault touches. */
  createSettlementClient(): SettlementClient;
}
