// Listener: what every wall does to stand on a port and to be gone from it. A wall must be gone at once: whoever is still
// connected is cut off, because what stands before a wall must bear that anyway.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const BACKLOG = 4_096;
/** Longer than clients keep idle connections, so that no request meets a connection that is just being closed. */
export const KEEP_ALIVE_MS = 120_000;

/** Answers the base URL that a client takes; it ends with `/v1`. */
export async function openListener(server: Server, options: ListenerOptions): Promise<string> {
  // Whoever does not speak HTTP is shown the door.
  server.on('clientError', (_error, socket) => socket.destroy());
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return `http://${host}:${port}/v1`;
}

function listening(server: Server, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
