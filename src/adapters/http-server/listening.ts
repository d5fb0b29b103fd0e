// Listening: how a server of ours takes its port, and what the sockets it accepts are like.
import type { AddressInfo, Server } from 'node:net';

export const socketOptions = {
  noDelay: true,
  // A peer that vanished without a word is noticed by the kernel.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ListenOrder extends Address {
  /** Other processes of ours listen on the same address, and the system deals its connections out. */
  readonly reusePort?: boolean;
}

/** Rejects when the address cannot be had (EADDRINUSE, EACCES …); what goes wrong later is told to `onError`. */
export function listenOn(
  server: Server,
  { host, port, reusePort = false }: ListenOrder,
  onError: (error: Error) => void,
): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, reusePort }, () => {
      server.off('error', reject);
      server.on('error', onError);
      const address = server.address() as AddressInfo;
      resolve({ host: address.address, port: address.port });
    });
  });
}
