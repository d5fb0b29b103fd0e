// Port probe: what can be known of the ports before the workers take them. Sockets that share a port would share it with a
// stranger's that does so too, and no one would hear of it; so first each port is taken alone, and given back.
import { createServer } from 'node:net';
import { type Address, listenOn, type ListenOrder } from '../../adapters/http-server/listening.ts';
import type { Config } from '../../ports/config.ts';

/** The configuration with ports that can be had, none of them 0. Rejects when one cannot be had. */
export async function withPorts(config: Config): Promise<Config> {
  const { host } = config;
  const port = (await probe({ host, port: config.port })).port;
  const adminPort = config.adminPort === null ? null : (await probe({ host, port: config.adminPort })).port;
  return { ...config, port, adminPort };
}

/** The system deals a port's connections out to several sockets (Linux, FreeBSD); elsewhere the primary has to. */
export async function canSharePorts(host: string): Promise<boolean> {
  try {
    await probe({ host, port: 0, reusePort: true });
    return true;
  } catch {
    return false;
  }
}

async function probe(order: ListenOrder): Promise<Address> {
  const server = createServer();
  const address = await listenOn(server, order, () => {});
  await new Promise((resolve) => server.close(resolve));
  return address;
}
