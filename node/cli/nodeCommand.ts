/** `sidereal node`: one node of a network, from its configuration file, until it is told to stop. */
import { type Block, writeBlock } from '../../consensus/block.ts';
import { encode, type Writer } from '../../consensus/primitives/codec.ts';
import { type Certificate, writeCertificate } from '../../consensus/vote.ts';
import type { FinalityObserver } from '../core/ports.ts';
import type { NodeOrder, ReportLevel } from '../devnet/control.ts';
import { type NodeProcess, startNodeProcess } from '../devnet/nodeProcess.ts';
import type { ParentLink } from '../devnet/parentLink.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';
import { type ProcessConfigOptions, readProcessConfig } from './processConfig.ts';
import { type Service, untilStopped } from './untilStopped.ts';
import { readVersion } from './version.ts';

export interface NodeCommandOptions extends ProcessConfigOptions {
  /** What it tells whoever started it. */
  readonly report: ReportLevel;
}

interface RunningNode extends Service {
  readonly node: NodeProcess;
  readonly parent: ParentLink | undefined;
}

/** Runs a node. @returns The exit code, when it has stopped. */
export async function runNode(options: NodeCommandOptions, io: CliIo): Promise<ExitCode> {
  const config = readProcessConfig(options, io);
  if (config === undefined) return exitCodes.usage;
  return untilStopped<RunningNode>({
    start: async ({ parent, failed }) => {
      const node = await startNodeProcess(
        { config, version: readVersion() },
        {
          onEvent: (event, nowMs) => {
            if (options.report !== 'none') parent?.report({ type: 'event', nowMs, event });
          },
          observer: options.report === 'blocks' && parent !== undefined ? blockReporter(parent) : undefined,
          onFailure: failed,
        },
      );
      return { url: node.api, p2p: node.p2p, stop: () => node.stop(), node, parent };
    },
    started: ({ url, p2p }) => {
      const log = config.log.file === '' ? 'standard output' : config.log.file;
      io.err(`${config.node.name} is up: API ${url}, peers ${p2p}, log ${log}; Ctrl-C stops it\n`);
    },
    order: ({ node, parent }, order) => obey(node, parent, order),
  });
}

function obey(
  { network, conditions, runtime }: NodeProcess,
  parent: ParentLink | undefined,
  order: NodeOrder,
): void {
  switch (order.type) {
    case 'links':
      network.links.set(order.links);
      return;
    case 'withhold':
      conditions.setWithheld(order.on);
      return;
    case 'submit':
      // Never rejects: a node that stops answers as well.
      void runtime
        .submit(order.bytes, { gossip: false })
        .then((judgement) => parent?.report({ type: 'submitted', id: order.id, judgement }));
      return;
  }
}

function blockReporter(parent: ParentLink): FinalityObserver {
  const bytesOf = <Value>(value: Value, write: (writer: Writer, value: Value) => void): Uint8Array =>
    encode((writer) => write(writer, value), 1024);
  return {
    finalized: (_node, block: Block, { stateRoot }, certificate: Certificate | undefined) => {
      parent.report({
        type: 'block',
        height: block.header.height,
        hash: block.hash,
        stateRoot,
        block: bytesOf(block, writeBlock),
        certificate: certificate === undefined ? undefined : bytesOf(certificate, writeCertificate),
      });
    },
  };
}
