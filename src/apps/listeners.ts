// Listeners: the ports of one gateway, as its configuration wants them: node:http alone, or the express lane before it, plain
// or TLS. To the rest of the composition they are alike.
import { BodyBudget } from '../adapters/http-server/body-budget.ts';
import { HttpServer, type HttpServerOptions, type HttpServerStats } from '../adapters/http-server/http-server.ts';
import type { ServerLimits } from '../adapters/http-server/server-limits.ts';
import type { ExpressServerOptions } from '../adapters/lane/express-server.ts';
import { heapPressure, systemClock, systemTimers } from '../adapters/system.ts';
import { exchangePaths } from '../gateway/ways.ts';
import { limits } from '../kernel/limits.ts';
import type { Config } from '../ports/config.ts';
import type { Door } from '../ports/door.ts';
import type { GaugeReading } from '../ports/gauges.ts';

export interface Listener {
  readonly limits: ServerLimits;
  readonly stats: HttpServerStats & { readonly connectionsHandedOver?: number };
  listen(): Promise<{ host: string; port: number }>;
  close(): Promise<void>;
  destroyAll(): void;
}

/** The main one first. Rejects, in words for the operator, when the TLS files are no good. */
export async function openListeners(
  door: Door,
  config: Config,
  onBug: HttpServerOptions['onBug'],
  reusePort = false,
): Promise<Listener[]> {
  const tls = config.tls === null ? null : (await import('../adapters/lane/tls-files.ts')).readTlsFiles(config.tls);
  const bodyBudget = new BodyBudget(limits.bodyBytesInFlightMax);
  const open = (port: number, listener: 'main' | 'admin'): Promise<Listener> => {
    const { host } = config;
    const own = {
      host,
      port,
      reusePort,
      listener,
      clock: systemClock,
      timers: systemTimers,
      heapPressure,
      onBug,
      bodyBudget,
    };
    const routes = config.lane === 'on' && listener === 'main' ? exchangePaths : [];
    return openListener(door, { ...own, routes, tls });
  };
  const main = await open(config.port, 'main');
  return config.adminPort === null ? [main] : [main, await open(config.adminPort, 'admin')];
}

/** The lane is loaded only where there is one: it holds memory at rest too. */
async function openListener(door: Door, options: ExpressServerOptions): Promise<Listener> {
  const plain = new HttpServer(door, options);
  const isNeeded = options.routes.length > 0 || options.tls !== null;
  if (!isNeeded) return plain;
  const { ExpressServer } = await import('../adapters/lane/express-server.ts');
  return new ExpressServer(door, options, plain);
}

/** All or none: a port that cannot be had gives the others back. Answers the main listener's address. */
export async function listenAll(listeners: readonly Listener[]): Promise<{ port: number }> {
  let main = { port: 0 };
  try {
    for (const [at, listener] of listeners.entries()) {
      const address = await listener.listen();
      if (at === 0) main = address;
    }
    return main;
  } catch (error) {
    for (const listener of listeners) listener.destroyAll();
    throw error;
  }
}

export function listenerGauges(listeners: readonly Listener[]): GaugeReading[] {
  const sum = (pick: (stats: Listener['stats']) => number): number =>
    listeners.reduce((total, listener) => total + pick(listener.stats), 0);
  return [
    { name: 'open_connections', help: 'Open client connections', labels: {}, value: sum((stats) => stats.connections) },
    {
      name: 'body_bytes_in_flight',
      help: 'Bytes of request bodies held',
      labels: {},
      value: listeners[0]?.stats.bodyBytesInFlight ?? 0,
    },
    {
      name: 'readers_cut',
      help: 'Slow readers cut since the start',
      labels: {},
      value: sum((stats) => stats.readersCut),
    },
    {
      name: 'connections_handed_over',
      help: 'Client connections that left the express lane for node:http since the start',
      labels: {},
      value: sum((stats) => stats.connectionsHandedOver ?? 0),
    },
  ];
}
