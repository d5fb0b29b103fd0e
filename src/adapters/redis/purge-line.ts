// Purge line: how a purge reaches every gateway. It is a number in one hash (policy/purge-epochs.ts) and a message on a
// channel: the message is there within a millisecond, and asking for the newest number twice a second makes sure of those
// that no message reached. What Redis forgot (a flush, a restart, an eviction) is given back to it.
// It must never take a purge for done that Redis did not confirm.
import type { Redis } from 'ioredis';
import type { PurgeScope } from '../../ports/cache.ts';
import type { Timer } from '../../ports/clock.ts';
import {
  type EpochFields,
  fieldOf,
  nameOf,
  type PurgeEpochs,
  type PurgeNews,
  readNotice,
} from '../../policy/purge-epochs.ts';
import { closeClient, type RedisClient } from './clients.ts';
import type { RedisState, RedisTime } from './node-gate.ts';
import { answerPath, purgeChannel, purgesPath } from './paths.ts';

export interface PurgeLineOptions extends RedisTime {
  /** For commands. */
  readonly client: RedisClient;
  /** For messages; a cluster's client does both. */
  readonly subscriber: RedisClient;
  readonly prefix: string;
  readonly epochs: PurgeEpochs;
  onNews(news: readonly PurgeNews[]): void;
  tell(state: RedisState): void;
}

const POLL_MS = 500;
const AGAIN_MS = 100;
/** Polls in a row that fail before it is told: one is an ordinary reconnect. */
const SILENT_POLLS = 3;
const WORDS_MAX = 200;
const LATEST = 'latest';

// Numbers go in and out as text: Lua's JSON would round them.
const PURGE = `
local now = redis.call('TIME')
local latest = tonumber(redis.call('HGET', KEYS[1], '${LATEST}') or '0')
local epoch = math.max(now[1] * 1000000 + now[2], latest + 1, tonumber(ARGV[2]) + 1)
local text = string.format('%.0f', epoch)
local before = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if ARGV[1] == 'all' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.find(field, ':', 1, true) then redis.call('HDEL', KEYS[1], field) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], text, '${LATEST}', text)
redis.call('PUBLISH', ARGV[5], '{"kind":"' .. ARGV[3] .. '","name":' .. ARGV[4]
  .. ',"epoch":' .. text .. ',"before":' .. before .. '}')
return {text, before}`;

const MERGE = `
for at = 1, #ARGV, 2 do
  if tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '0') < tonumber(ARGV[at + 1]) then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  end
end
return redis.call('HGETALL', KEYS[1])`;

export class PurgeLine {
  readonly #options: PurgeLineOptions;
  readonly #hash: string;
  readonly #channel: string;
  #timer: Timer | null = null;
  #failedPolls = 0;
  #isInformed = false;
  #lastError = '';
  #isPolling = false;
  #hasTold = false;
  #isClosed = false;
  /** Redis 7 lets a script write into a full database when it says so; older ones cannot read the line. */
  #mayAllowOom = true;

  constructor(options: PurgeLineOptions) {
    this.#options = options;
    this.#hash = purgesPath(options.prefix);
    this.#channel = purgeChannel(options.prefix);
    const { subscriber } = options;
    subscriber.on('message', (_channel: string, text: string) => this.#onMessage(text));
    const subscribe = (): void => void subscriber.subscribe(this.#channel).catch(() => {});
    subscriber.on('ready', subscribe);
    if (subscriber.status === 'ready') subscribe();
    options.client.on('ready', () => {
      this.#lastError = '';
      this.#pollNow();
    });
    options.client.on('error', (error: Error) => (this.#lastError = error.message.slice(0, WORDS_MAX)));
    this.#arm(0);
  }

  /** Tries again until it is confirmed or `budgetMs` are over. */
  purge(scope: PurgeScope, budgetMs: number, done: (reached: boolean) => void): void {
    const { clock, timers, client } = this.#options;
    const until = clock.now() + budgetMs;
    let isOver = false;
    const end = (reached: boolean): void => {
      if (isOver) return;
      isOver = true;
      limit.cancel();
      done(reached);
    };
    const limit = timers.after(budgetMs, () => end(false));
    const attempt = (): void => {
      const forget = scope.kind === 'key' ? client.del(this.keyOf(scope.key)) : Promise.resolve(0);
      forget
        .then(() => this.#tellAll(scope))
        .then(
          () => end(true),
          () => {
            if (isOver || this.#isClosed || clock.now() + AGAIN_MS >= until) return;
            timers.after(AGAIN_MS, attempt);
          },
        );
    };
    attempt();
  }

  /** What was purged is known, to the last second and a half. Without that, no entry can be vouched for. */
  get isInformed(): boolean {
    return this.#isInformed;
  }

  /** Where an entry lies in Redis. */
  keyOf(key: string): string {
    return answerPath(this.#options.prefix, key);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    closeClient(this.#options.client);
    closeClient(this.#options.subscriber);
  }

  async #tellAll(scope: PurgeScope): Promise<void> {
    const { epochs } = this.#options;
    const name = JSON.stringify(nameOf(scope));
    const args = [fieldOf(scope), String(epochs.latest), scope.kind, name, this.#channel];
    const [epoch, before] = (await this.#run(PURGE, args)) as [string, string];
    this.#options.onNews(epochs.hear({ scope, epoch: Number(epoch), before: Number(before) }));
  }

  async #run(script: string, args: readonly string[]): Promise<unknown> {
    const client = this.#options.client as Redis;
    if (this.#mayAllowOom) {
      try {
        return await client.eval(`#!lua flags=allow-oom\n${script}`, 1, this.#hash, ...args);
      } catch (error) {
        if (!/compil/i.test((error as Error).message)) throw error;
        this.#mayAllowOom = false;
      }
    }
    return client.eval(script, 1, this.#hash, ...args);
  }

  #onMessage(text: string): void {
    const notice = readNotice(parse(text));
    if (notice !== null) this.#tellNews(this.#options.epochs.hear(notice));
  }

  #arm(ms: number): void {
    if (!this.#isClosed) this.#timer = this.#options.timers.after(ms, () => this.#pollNow());
  }

  #pollNow(): void {
    if (this.#isPolling || this.#isClosed) return;
    this.#isPolling = true;
    this.#timer?.cancel();
    void this.#poll().then(
      () => this.#onPolled(null),
      (error: Error) => this.#onPolled(error.message),
    );
  }

  async #poll(): Promise<void> {
    const { client, epochs } = this.#options;
    const latest = Number((await client.hget(this.#hash, LATEST)) ?? 0);
    if (latest === epochs.latest) return;
    const known = Object.entries(epochs.fields()).flatMap(([field, epoch]) => [field, String(epoch)]);
    const pairs = (await this.#run(MERGE, [...known, LATEST, String(epochs.latest)])) as string[];
    this.#tellNews(epochs.learn(fieldsOf(pairs)));
  }

  #onPolled(trouble: string | null): void {
    this.#isPolling = false;
    this.#failedPolls = trouble === null ? 0 : this.#failedPolls + 1;
    if (trouble === null) this.#isInformed = true;
    if (trouble === null && this.#hasTold) {
      this.#hasTold = false;
      this.#tell(true, 'purges by other gateways are heard again');
    } else if (this.#failedPolls === SILENT_POLLS) {
      this.#isInformed = false;
      this.#hasTold = true;
      const why = this.#lastError === '' ? trouble : this.#lastError;
      this.#tell(false, `purges by other gateways are not heard, so nothing is shared (${why})`);
    }
    this.#arm(POLL_MS);
  }

  #tellNews(news: readonly PurgeNews[]): void {
    if (news.length > 0) this.#options.onNews(news);
  }

  #tell(isUp: boolean, why: string): void {
    this.#options.tell({ node: this.#hash, what: 'invalidation', isUp, why });
  }
}

/** HGETALL's `[field, value, …]`; the newest number is in the fields already. */
function fieldsOf(pairs: readonly string[]): EpochFields {
  const fields: Record<string, number> = {};
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const field = pairs[at] ?? '';
    if (field !== LATEST) fields[field] = Number(pairs[at + 1]);
  }
  return fields;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
