/**
 * Connects the driver of Redis over TLS. Its own connector hears the first error of a connection alone; a server may send an alert
 * behind it, which nobody would hear, and an error that nobody hears ends the process.
 */
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

type AbstractConnector = import('ioredis').AbstractConnector;
type Driver = Pick<typeof import('ioredis'), 'AbstractConnector'>;

/** How long a connection that is closed may take to end, in ms. */
const END_MS_MAX = 2000;

/** The class that the driver is to connect with. */
export function tlsConnectorOf(
  { AbstractConnector }: Driver,
  options: ConnectionOptions,
): new () => AbstractConnector {
  return class TlsConnector extends AbstractConnector {
    constructor() {
      super(END_MS_MAX);
    }

    override async connect(): Promise<TLSSocket> {
      const socket = connect(options);
      socket.on('error', (error) => {
        this.firstError ??= error;
      });
      this.connecting = true;
      this.stream = socket;
      return socket;
    }
  };
}
