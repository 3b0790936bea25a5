/** The command lines that the files under deploy/ start, with what each of them is given: variables, files, ports, probes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const deploy = new URL('../../deploy/', import.meta.url);

export interface ShippedProcess {
  /** Of the machine, service or pod. */
  readonly name: string;
  /** Behind `sidereal`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Path as the process sees it, and what is there: a file under deploy/, `volume`, or `key`. */
  readonly files: ReadonlyMap<string, string>;
  /** Ports that the file says it listens on. */
  readonly ports: readonly number[];
  /** Paths that are asked for over HTTP, with the port. */
  readonly probes: readonly { readonly path: string; readonly port: number }[];
}

export function readDeploy(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, deploy)), 'utf8');
}

const nodeNames = ['node-0', 'node-1', 'node-2', 'node-3'] as const;

/** Keys of a unit, each with its last value. */
export function parseUnit(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (header === undefined && key === '') throw new Error(`no line of a unit: ${line}`);
    if (header !== undefined) section = header;
    else values.set(`${section}.${key}`, value);
  }
  return values;
}

/** A machine for each process, with the unit of its kind. */
export function systemdProcesses(): readonly ShippedProcess[] {
  const machines = [
    ['settlement', 'chain', 'chain.yaml'] as const,
    ...nodeNames.map((name) => [name, 'node', `${name}.yaml`] as const),
  ];
  return machines.map(([name, kind, own]) => {
    const unit = parseUnit(readDeploy(`systemd/sidereal-${kind}.service`));
    const [interpreter, program, ...args] = (unit.get('Service.ExecStart') ?? '').split(' ');
    if (interpreter !== '/usr/bin/node' || program !== '/opt/sidereal/bin/sidereal.js')
      throw new Error('another program');
    return {
      name,
      args,
      environment: {},
      files: new Map([
        ['/etc/sidereal/network.yaml', 'config/network.yaml'],
        [`/etc/sidereal/${kind}.yaml`, `config/${own}`],
        ['/etc/sidereal/validator.key', 'key'],
        [`/var/lib/${unit.get('Service.StateDirectory')}`, 'volume'],
      ]),
      ports: [],
      probes: [],
    };
  });
}

interface ComposeService {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export function readCompose(): Compose {
  return parse(readDeploy('container/compose.yaml'), { merge: true }) as Compose;
}

export function composeProcesses(): readonly ShippedProcess[] {
  const { services, volumes, secrets } = readCompose();
  return Object.entries(services).map(([name, service]) => {
    const files = new Map<string, string>();
    for (const mount of service.volumes) {
      const [source = '', target = ''] = mount.split(':');
      if (source.startsWith('../')) files.set(target, source.slice(3));
      else if (source in volumes) files.set(target, 'volume');
      else throw new Error(`${name} mounts ${source}, which is not declared`);
    }
    for (const secret of service.secrets ?? []) {
      if (!(secret in secrets)) throw new Error(`${name} is given ${secret}, which is not declared`);
      files.set(`/run/secrets/${secret}`, 'key');
    }
    const ports = (service.ports ?? []).map((port) => Number(port.split(':').at(-1)));
    return {
      name,
      args: service.command,
      environment: service.environment ?? {},
      files,
      ports,
      probes: probesOf(service.healthcheck?.test.join(' ') ?? ''),
    };
  });
}

/** The container file's instructions in order, continued lines joined. */
export function readContainerfile(): readonly (readonly [instruction: string, rest: string])[] {
  return readDeploy('container/Containerfile')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, instruction = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return [instruction, rest];
    });
}

/** Addresses that a command asks for. */
export function probesOf(command: string): ShippedProcess['probes'] {
  return [...command.matchAll(/http:\/\/127\.0\.0\.1:(\d+)(\/[a-z/]*)?/g)].map(([, port, path]) => ({
    path: path ?? '/',
    port: Number(port),
  }));
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly tcpSocket?: { readonly port: string };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly optional?: boolean };
  };
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly selector: Readonly<Record<string, unknown>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort: string }[];
    readonly serviceName?: string;
    readonly replicas?: number;
    readonly podManagementPolicy?: string;
    readonly template?: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly Container[];
        readonly volumes: readonly {
          readonly name: string;
          readonly configMap?: object;
          readonly secret?: object;
        }[];
      };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

export function readManifests(): readonly Manifest[] {
  return parseAllDocuments(readDeploy('kubernetes/sidereal.yaml')).map((document) => {
    if (document.errors.length > 0) throw new Error(String(document.errors[0]));
    return document.toJS() as Manifest;
  });
}

/** A pod for each replica of each StatefulSet. */
export function kubernetesProcesses(): readonly ShippedProcess[] {
  return readManifests()
    .filter(({ kind }) => kind === 'StatefulSet')
    .flatMap((set) =>
      Array.from({ length: set.spec.replicas ?? 1 }, (_, ordinal) =>
        podOf(set, `${set.metadata.name}-${ordinal}`),
      ),
    );
}

function podOf({ spec }: Manifest, pod: string): ShippedProcess {
  const [container] = spec.template?.spec.containers ?? [];
  if (container === undefined) throw new Error(`${pod} has no container`);
  const environment: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env) {
    if (valueFrom?.secretKeyRef?.optional === true) continue;
    const given = valueFrom?.fieldRef?.fieldPath === 'metadata.name' ? pod : value;
    if (given === undefined) throw new Error(`${name} has no value`);
    environment[name] = given.replace(
      /\$\((\w+)\)/g,
      (_, other: string) => environment[other] ?? `?${other}`,
    );
  }
  const claims = new Set(spec.volumeClaimTemplates?.map(({ metadata }) => metadata.name));
  const files = new Map<string, string>();
  for (const { name, mountPath } of container.volumeMounts) {
    const volume = spec.template?.spec.volumes.find((candidate) => candidate.name === name);
    if (claims.has(name)) files.set(mountPath, 'volume');
    else if (volume?.configMap !== undefined) files.set(`${mountPath}/network.yaml`, 'config/network.yaml');
    else if (volume?.secret !== undefined) files.set(`${mountPath}/${pod}`, 'key');
    else throw new Error(`${pod} mounts ${name}, which is not declared`);
  }
  const portOf = (name: string): number =>
    container.ports.find((port) => port.name === name)?.containerPort ?? 0;
  const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
  return {
    name: pod,
    args: container.args,
    environment,
    files,
    ports: container.ports.map(({ containerPort }) => containerPort),
    probes: probes.flatMap(({ httpGet, tcpSocket }) =>
      httpGet !== undefined
        ? [{ path: httpGet.path, port: portOf(httpGet.port) }]
        : [{ path: '/', port: portOf(tcpSocket?.port ?? '') }],
    ),
  };
}
