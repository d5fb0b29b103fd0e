// Mass insert: many entries into Redis at once, for a cache that is filled before anybody asks. Commands are piped in batches
// to whichever node holds the keys, two batches a node under way, so that neither side waits for the other and memory stays
// bounded. It must never insert what the shared cache could not read, and says how many it could not keep.
import type { Pipeline, Redis } from 'ioredis';
import type { CacheEntry, CacheKey } from '../../ports/cache.ts';
import type { RedisConfig } from '../../ports/config.ts';
import { closeClient, openClient, type RedisClient } from './clients.ts';
import { encodeEntryNow } from './entry-codec.ts';
import { answerPath, purgesPath } from './paths.ts';
import { slotOf } from './slot.ts';

export interface Pair {
  readonly key: CacheKey;
  readonly entry: CacheEntry;
}

export interface Inserted {
  readonly kept: number;
  /** Too large, expired, or refused by Redis. */
  readonly refused: number;
}

const BATCH_COMMANDS = 500;
const BATCH_BYTES = 1024 * 1024;
const BATCHES_UNDER_WAY = 2;
const READY_MS_MAX = 2_000;

/** Throws when Redis cannot be reached. `now`: the wall clock, which entries' times are told by. */
export async function massInsert(
  config: RedisConfig,
  pairs: Iterable<Pair> | AsyncIterable<Pair>,
  now: () => number,
  onProgress: (kept: number) => void = () => {},
): Promise<Inserted> {
  const client = await openClient(config, 'background');
  try {
    await ready(client);
    const stamp = Number((await client.hget(purgesPath(config.prefix), 'latest')) ?? 0);
    const lines = new Map<string, NodeLine>();
    const count = { kept: 0, refused: 0 };
    for await (const { key, entry } of pairs) {
      const keepMs = Math.floor(entry.keepUntil - now());
      const value = keepMs > 0 ? encodeEntryNow({ entry, stamp }) : null;
      if (value === null) {
        count.refused++;
        continue;
      }
      const path = answerPath(config.prefix, key);
      const name = ownerOf(client, path);
      let line = lines.get(name);
      if (line === undefined) lines.set(name, (line = new NodeLine(nodeNamed(client, name), count)));
      await line.add(path, value, keepMs);
      if (count.kept % 1_000 < BATCH_COMMANDS) onProgress(count.kept);
    }
    for (const line of lines.values()) await line.end();
    onProgress(count.kept);
    return count;
  } finally {
    closeClient(client);
  }
}

/** One node's batches. */
class NodeLine {
  readonly #node: Redis;
  readonly #count: { kept: number; refused: number };
  readonly #underWay = new Set<Promise<void>>();
  #batch: Pipeline | null = null;
  #commands = 0;
  #bytes = 0;

  constructor(node: Redis, count: { kept: number; refused: number }) {
    this.#node = node;
    this.#count = count;
  }

  async add(path: string, value: Buffer, keepMs: number): Promise<void> {
    this.#batch ??= this.#node.pipeline() as unknown as Pipeline;
    this.#batch.set(path, value, 'PX', keepMs);
    this.#commands++;
    this.#bytes += value.length;
    if (this.#commands < BATCH_COMMANDS && this.#bytes < BATCH_BYTES) return;
    this.#send();
    while (this.#underWay.size >= BATCHES_UNDER_WAY) await Promise.race(this.#underWay);
  }

  async end(): Promise<void> {
    this.#send();
    await Promise.all(this.#underWay);
  }

  #send(): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#batch = null;
    this.#commands = this.#bytes = 0;
    const sent = batch.exec().then((replies) => {
      for (const [error] of replies ?? []) this.#count[error === null ? 'kept' : 'refused']++;
      this.#underWay.delete(sent);
      return undefined;
    });
    this.#underWay.add(sent);
  }
}

function ready(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    let why = 'no answer';
    const limit = AbortSignal.timeout(READY_MS_MAX);
    limit.addEventListener('abort', () => reject(new Error(`Redis cannot be reached: ${why}`)));
    client.on('error', (error: Error) => (why = error.message));
    client.once('ready', () => resolve());
  });
}

function ownerOf(client: RedisClient, path: string): string {
  return 'slots' in client ? (client.slots[slotOf(path)]?.[0] ?? '') : '';
}

function nodeNamed(client: RedisClient, name: string): Redis {
  if (!('slots' in client)) return client;
  const node = client.nodes('master').find(({ options }) => `${options.host}:${options.port}` === name);
  if (node === undefined) throw new Error('a part of the Redis cluster has no node');
  return node;
}
