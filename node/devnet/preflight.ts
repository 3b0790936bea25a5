/**
 * The ports a process is to listen on, looked at before it touches its data: one that cannot run is refused with nothing
 * changed.
 */
import { createServer, type Server } from 'node:net';
import type { CodedError } from '../../consensus/primitives/codedError.ts';

export interface Endpoint {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What to say when nobody can listen there. */
  readonly refused: (cause: NodeJS.ErrnoException) => CodedError;
}

/**
 * Listens on all of them for a moment, at once, so that two of one process that collide are found too.
 * @throws {CodedError} What the first of them says that cannot be had.
 */
export async function checkEndpoints(endpoints: readonly Endpoint[]): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const endpoint of endpoints) servers.push(await listenOn(endpoint));
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listenOn({ host, port, refused }: Endpoint): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => reject(refused(cause)));
    server.listen(port, host, () => resolve(server));
  });
}
