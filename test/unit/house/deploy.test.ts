import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../node/cli/program.ts';
import { readEnvironment, readYamlFile } from '../../../node/config/configSources.ts';
import { parseConfigSources } from '../../../node/config/parseConfig.ts';
import type { Config } from '../../../node/config/types.ts';
import { checkBootstrapAddress, parseListenAddress } from '../../../node/runtime/peerAddress.ts';
import {
  composeProcesses,
  kubernetesProcesses,
  parseUnit,
  probesOf,
  readCompose,
  readContainerfile,
  readDeploy,
  readManifests,
  type ShippedProcess,
  systemdProcesses,
} from '../../helpers/shippedProcesses.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const families = {
  systemd: systemdProcesses(),
  compose: composeProcesses(),
  kubernetes: kubernetesProcesses(),
} as const;
const shipped = Object.entries(families).flatMap(([family, processes]) =>
  processes.map((process) => ({ family, name: process.name, process })),
);

const io = {
  out: () => undefined,
  err: () => undefined,
  environment: {},
  isOutTerminal: false,
  isErrTerminal: false,
  columns: 80,
  clock: () => 0,
};

/** The files and variables of a process, as it would read them. */
function configOf({ args, environment, files }: ShippedProcess): Config {
  const paths = args.flatMap((arg, index) => (arg === '--config' ? [args[index + 1] ?? ''] : []));
  const sources = paths.map((path) => {
    const read = readYamlFile(`${root}deploy/${files.get(path) ?? `nothing mounted at ${path}`}`);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    return read.value;
  });
  const variables = readEnvironment(environment);
  if (!variables.ok) throw new Error(JSON.stringify(variables.problems));
  const parsed = parseConfigSources([...sources, ...variables.value]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.config;
}

const isNode = ({ args }: ShippedProcess): boolean => args[0] === 'node';

describe('what deploy/ starts', () => {
  it.each(shipped)('$family $name: commands and options that the program has', ({ process }) => {
    const [name, ...rest] = process.args;
    const command = createProgram(io, () => undefined).commands.find(
      (candidate) => candidate.name() === name,
    );
    const known = command?.options.map(({ long }) => long) ?? [];
    expect(['node', 'chain']).toContain(name);
    const given = rest.filter((arg) => arg.startsWith('-'));
    expect(given.length).toBeGreaterThan(0);
    for (const flag of given) expect(known).toContain(flag);
  });

  it.each(shipped)(
    '$family $name: a configuration that fits, with every path in it mounted',
    ({ process }) => {
      const { node, storage, log, p2p, chain, settlementChain } = configOf(process);
      const mounted = [...process.files.keys()];
      const isMounted = (path: string): boolean =>
        mounted.some((mount) => path === mount || path.startsWith(`${mount}/`));
      expect(isMounted(storage.path)).toBe(true);
      expect(process.files.get(storage.path)).toBe('volume');
      // Journal, engine and cluster gather standard output.
      expect(log.file).toBe('');
      expect(chain.genesisMs).toBeDefined();
      if (!isNode(process)) return;
      expect(node.name).toBe(process.name);
      expect(process.files.get(node.keyFile)).toBe('key');
      expect(() => parseListenAddress(p2p.listen)).not.toThrow();
      for (const address of p2p.bootstrap) expect(() => checkBootstrapAddress(address)).not.toThrow();
      expect(settlementChain.urls).toHaveLength(1);
    },
  );

  it.each(shipped)('$family $name: ports and probes where the process listens', ({ process }) => {
    const { api, p2p } = configOf(process);
    const listening = isNode(process) ? [api.port, parseListenAddress(p2p.listen).port] : [api.port];
    for (const port of process.ports) expect(listening).toContain(port);
    for (const { port } of process.probes) expect(port).toBe(api.port);
    if (process.ports.includes(api.port)) expect(api.host).toBe('0.0.0.0');
  });

  it.each(Object.entries(families))(
    '%s: one settlement chain and all validators, who know where to find each other',
    (_, processes) => {
      const nodes = processes.filter(isNode);
      const configs = nodes.map(configOf);
      const [first] = configs;
      expect(processes).toHaveLength(nodes.length + 1);
      expect(nodes.map(({ name }) => name)).toEqual(first?.validators.map(({ name }) => name));
      for (const config of configs) {
        expect({ ...config, node: 0, api: 0, storage: 0 }).toEqual({ ...first, node: 0, api: 0, storage: 0 });
        const known = config.p2p.bootstrap.map((address) => address.split('/'));
        expect(known.map(([, , host = '']) => host.split('.')[0])).toEqual(nodes.map(({ name }) => name));
        for (const [, , , , port] of known)
          expect(Number(port)).toBe(parseListenAddress(config.p2p.listen).port);
      }
      const [chain] = processes.filter((process) => !isNode(process));
      const url = new URL(first?.settlementChain.urls[0] ?? '');
      // A service stands before the pod, under its own name.
      expect(chain?.name.replace(/-0$/, '')).toBe(url.hostname);
      expect(chain === undefined ? 0 : configOf(chain).api.port).toBe(Number(url.port));
    },
  );
});

describe('deploy/config', () => {
  it('has keys that nobody has, so that no network starts on them by mistake', () => {
    const [process] = families.systemd.filter(isNode);
    const keys = process === undefined ? [] : configOf(process).validators.map(({ publicKey }) => publicKey);
    expect(keys).toEqual(keys.map((_, index) => `0x${String(index + 1).padStart(64, '0')}`));
  });

  it('is shipped with the package, and documented', () => {
    const { files } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      readonly files: readonly string[];
    };
    expect(files).toContain('deploy');
    const document = readFileSync(`${root}docs/machines.md`, 'utf8');
    const all = readdirSync(`${root}deploy`, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const { parentPath, name } of all) {
      const folder = parentPath.slice(root.length);
      expect(
        document.includes(`${folder}/${name}`) || document.includes(`${folder}/`),
        `${folder}/${name}`,
      ).toBe(true);
    }
  });
});

describe('deploy/systemd', () => {
  it.each(['node', 'chain'])(
    'sidereal-%s.service stops in order, comes back slowly, and may do little',
    (kind) => {
      const unit = parseUnit(readDeploy(`systemd/sidereal-${kind}.service`));
      const expected = {
        Restart: 'on-failure',
        KillSignal: 'SIGTERM',
        RestartMaxDelaySec: '30s',
        RestartPreventExitStatus: '2',
        NoNewPrivileges: 'yes',
        ProtectSystem: 'strict',
        User: 'sidereal',
      };
      for (const [key, value] of Object.entries(expected))
        expect(unit.get(`Service.${key}`), key).toBe(value);
      expect(Number.parseInt(unit.get('Service.TimeoutStopSec') ?? '', 10)).toBeGreaterThan(10);
    },
  );
});

describe('deploy/container', () => {
  const instructions = readContainerfile();
  const all = (wanted: string): readonly string[] =>
    instructions.filter(([instruction]) => instruction === wanted).map(([, rest]) => rest);

  it('the image is made of what is there, and runs as somebody', () => {
    for (const from of all('FROM')) expect(from).toMatch(/^node:20-slim( AS \w+)?$/);
    for (const copy of all('COPY').filter((rest) => !rest.startsWith('--from'))) {
      for (const source of copy.split(' ').slice(0, -1))
        expect(existsSync(`${root}${source}`), source).toBe(true);
    }
    expect(all('USER')).toEqual(['node']);
    expect(all('RUN')).toContain('npm ci --omit=dev --ignore-scripts');
    expect(all('WORKDIR').at(-1)).toBe('/opt/sidereal');
    expect(JSON.parse(all('ENTRYPOINT')[0] ?? '')).toEqual(['node', '/opt/sidereal/bin/sidereal.js']);
  });

  it('the image says which ports there are, and asks a node whether it lives', () => {
    const [systemdNode] = families.systemd.filter(isNode);
    const [chain] = families.systemd.filter((process) => !isNode(process));
    if (systemdNode === undefined || chain === undefined) throw new Error('no process');
    const { api, p2p } = configOf(systemdNode);
    const ports = [api.port, parseListenAddress(p2p.listen).port, configOf(chain).api.port];
    expect(all('EXPOSE').flatMap((rest) => rest.split(' ').map(Number))).toEqual(ports);
    expect(probesOf(all('HEALTHCHECK')[0] ?? '')).toEqual([{ port: api.port, path: '/health/live' }]);
    expect(JSON.parse(all('CMD')[0] ?? '')).toEqual(systemdNode.args);
    expect(all('VOLUME')).toEqual(['/var/lib/sidereal']);
  });

  it('the compose file starts nodes once the settlement chain answers', () => {
    const { services } = readCompose();
    for (const [name, service] of Object.entries(services)) {
      if (name === 'settlement')
        expect(service.healthcheck?.test.join(' ')).toContain("method:'settlement_info'");
      else expect(service.depends_on).toEqual({ settlement: { condition: 'service_healthy' } });
    }
  });
});

describe('deploy/kubernetes', () => {
  const manifests = readManifests();
  const named = (kind: string, name: string) =>
    manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

  it('nodes have names of their own before they are ready, start together, and are asked for what they serve', () => {
    const node = named('StatefulSet', 'node');
    expect(node?.spec.podManagementPolicy).toBe('Parallel');
    const peers = named('Service', node?.spec.serviceName ?? '');
    expect(peers?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    for (const { environment } of families.kubernetes.filter(isNode)) {
      expect(environment.SIDEREAL_P2P__BOOTSTRAP).toContain(`.${peers?.metadata.name}/tcp/`);
    }
    const [container] = node?.spec.template?.spec.containers ?? [];
    expect(container?.livenessProbe.httpGet?.path).toBe('/health/live');
    expect(container?.readinessProbe.httpGet?.path).toBe('/health/ready');
    expect(node?.spec.template?.metadata.annotations?.['prometheus.io/path']).toBe('/metrics');
  });

  it('services lead to ports of the pods that they select', () => {
    for (const { spec, metadata } of manifests.filter(({ kind }) => kind === 'Service')) {
      const target = manifests.find(
        (manifest) =>
          manifest.kind === 'StatefulSet' &&
          manifest.spec.template?.metadata.labels.app === spec.selector.app,
      );
      const ports = target?.spec.template?.spec.containers[0]?.ports ?? [];
      for (const { port, targetPort } of spec.ports ?? []) {
        expect(ports.find(({ name }) => name === targetPort)?.containerPort, metadata.name).toBe(port);
      }
    }
  });

  it('pods run as somebody, on a file system that they cannot write, within limits', () => {
    for (const { spec } of manifests.filter(({ kind }) => kind === 'StatefulSet')) {
      expect(spec.template?.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      for (const container of spec.template?.spec.containers ?? []) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
        });
        expect(container.resources).toMatchObject({
          requests: { cpu: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    }
  });
});
