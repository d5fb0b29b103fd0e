// Clients: connections to Redis. What a request may wait for (hot-path.ts) and what works in the background (purge-line.ts)
// have connections of their own, so that neither waits behind the other. Nothing is queued while disconnected and nothing is
// resent: slow Redis is worse than dead Redis, and whoever still wants an answer then asks again itself. ioredis is loaded
// here, and only when a Redis is configured.
//
// The second that a command may take here is for the handshake and for bookkeeping. How long a request waits is counted by
// the hot path, which can tell a late Redis from a late event loop; ioredis cannot.
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { RedisConfig } from '../../ports/config.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_MS = 1_000;
const RECONNECT_MS_MAX = 2_000;
/** A connection that owes an answer for so long is given up: behind it there may be nobody. */
const SILENT_MS_MAX = 5_000;
const COMMAND_MS_MAX = 1_000;
/** How often a cluster is asked who holds what; a failover is also noticed by redirects. */
const TOPOLOGY_EVERY_MS = 1_000;
const REDIRECTIONS_MAX = 3;

/** Connects by itself, for ever. `use` is what CLIENT LIST shows. */
export async function openClient(config: RedisConfig, use: 'hot' | 'background'): Promise<RedisClient> {
  const { Cluster, Redis } = await import('ioredis');
  const shared = {
    connectionName: `spillway-${use}`,
    commandTimeout: COMMAND_MS_MAX,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS_MAX,
    ...(config.username === null ? {} : { username: config.username }),
    ...(config.password === null ? {} : { password: config.password }),
    ...(config.tls ? { tls: tlsOf(config) } : {}),
  };
  const { database: db, nodes } = config;
  // No queue while disconnected, for nobody: it grows as long as the outage lasts.
  const client = config.isCluster
    ? new Cluster([...nodes], { redisOptions: shared, enableOfflineQueue: false, ...clusterManner(config) })
    : new Redis({ ...shared, ...nodes[0], db, enableOfflineQueue: false, retryStrategy: reconnectMs });
  // What goes wrong is told by the commands that fail; without a listener ioredis writes to the console.
  client.on('error', () => {});
  // A cluster's connections are made when first used; the first requests should not wait for that.
  if (client instanceof Cluster) client.on('ready', () => warmUp(client));
  return client;
}

/** For good. */
export function closeClient(client: RedisClient): void {
  client.disconnect();
  // A round of asking a cluster who holds what, when it ends after this, would begin the next, and so on for ever.
  if ('refreshSlotsCache' in client) client.refreshSlotsCache = () => {};
}

function warmUp(cluster: Cluster): void {
  for (const node of cluster.nodes('master')) node.ping().catch(() => {});
}

function clusterManner({ tls }: RedisConfig) {
  return {
    clusterRetryStrategy: reconnectMs,
    clusterNodeRetryStrategy: reconnectMs,
    maxRedirections: REDIRECTIONS_MAX,
    slotsRefreshInterval: TOPOLOGY_EVERY_MS,
    slotsRefreshTimeout: CONNECT_MS,
    // Certificates are issued for names: with TLS the nodes' names are not resolved ahead.
    ...(tls ? { dnsLookup: asNamed } : {}),
  };
}

const asNamed = (name: string, done: (error: null, address: string) => void): void => done(null, name);

/** Doubling from 50 ms; ioredis asks this anew after each failure. */
function reconnectMs(times: number): number {
  return Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(times - 1, 10));
}

function tlsOf({ caFile }: RedisConfig): { ca?: Buffer } {
  return caFile === null ? {} : { ca: readFileSync(caFile) };
}
