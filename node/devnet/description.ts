/**
 * `devnet.json` in the data directory of a running devnet: where its processes answer and whose keys are funded, as the
 * `devnet_started` line says it. Written when it has started, removed when it stops; `sidereal send` and its like read it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../consensus/primitives/codedError.ts';

const FILE_NAME = 'devnet.json';

const descriptionSchema = z.looseObject({
  type: z.literal('devnet_started'),
  chain_id: z.string(),
  nodes: z
    .array(
      z.looseObject({
        name: z.string(),
        /** Address of its HTTP API, as `http://host:port`. */
        api: z.url(),
        /** libp2p address. */
        p2p: z.string(),
        pid: z.int(),
        /** Path of its log file. */
        log: z.string(),
      }),
    )
    .min(1),
  settlement_chain: z.looseObject({ rpc: z.string(), pid: z.int() }),
  accounts: z.array(z.looseObject({ address: z.string(), private_key: z.string() })),
  data_dir: z.string(),
  /** Bearer token of the admin endpoints. */
  admin_token: z.string().optional(),
});

export type DevnetDescription = z.infer<typeof descriptionSchema>;
export type DescribedNode = DevnetDescription['nodes'][number];

/** Readable by its owner alone: it holds keys. */
export function writeDescription(dataDir: string, description: DevnetDescription): void {
  const text = `${JSON.stringify(description, undefined, 2)}\n`;
  writeFileSync(join(dataDir, FILE_NAME), text, { mode: 0o600 });
}

export function removeDescription(dataDir: string): void {
  rmSync(join(dataDir, FILE_NAME), { force: true });
}

/** @throws {CodedError} `DEVNET_NOT_RUNNING`: there is none; `DEVNET_DESCRIPTION_INVALID`: it is not what a devnet writes. */
export function readDescription(dataDir: string): DevnetDescription {
  const path = join(dataDir, FILE_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `no devnet runs on ${dataDir}: start one with \`npx sidereal devnet\`, or name its --data-dir`;
    throw new CodedError('DEVNET_NOT_RUNNING', message, { path }, { cause });
  }
  const parsed = descriptionSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.');
  throw new CodedError(
    'DEVNET_DESCRIPTION_INVALID',
    `${path} is not what a devnet writes (${where}: ${issue?.message ?? 'invalid'}); start the devnet again`,
    { path },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
