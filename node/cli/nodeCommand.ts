/** `sidereal node`: one node of a network, from its configuration file, until it is told to stop. */
import type { NodeOrder, ReportLevel } from '../devnet/control.ts';
import type { NodeProcess } from '../devnet/nodeProcess.ts';
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
      // Loaded only now: a configuration that is not right is refused sooner, and a signal is heeded from here on.
      const { startNodeProcess } = await import('../devnet/nodeProcess.ts');
      const { NodeReporter } = await import('../devnet/nodeReporter.ts');
      const node = await startNodeProcess(
        { config, version: readVersion() },
        {
          onEvent: (event, nowMs) => {
            if (options.report !== 'none') parent?.report({ type: 'event', nowMs, event });
          },
          reporterOf:
            options.report === 'blocks' && parent !== undefined
              ? (self) => new NodeReporter(self, (report) => parent.report(report))
              : undefined,
          restart: parent === undefined ? undefined : () => parent.report({ type: 'restart' }),
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
  { network, conditions, runtime, clock }: NodeProcess,
  parent: ParentLink | undefined,
  order: NodeOrder,
): void {
  switch (order.type) {
    case 'genesis':
      clock.moveGenesis(order.genesisMs);
      return;
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
