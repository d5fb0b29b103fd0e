// Hot path: single commands that a request may be waiting for. Each has a budget, after which the asker goes on without;
// nodes that do not keep it are left alone (node-gate.ts), so that a slow or dead Redis costs a request nothing. What is
// under way is bounded in commands and bytes. It must never throw and never answer twice.
import type { Redis } from 'ioredis';
import type { MonotonicMs } from '../../kernel/brands.ts';
import { closeClient, type RedisClient } from './clients.ts';
import { NodeGate, type RedisState, type RedisTime } from './node-gate.ts';
import { slotOf } from './slot.ts';

export interface HotPathOptions extends RedisTime {
  readonly client: RedisClient;
  /** `host:port` of a single server; null: a cluster. */
  readonly singleNode: string | null;
  readonly timeoutMs: number;
  tell(state: RedisState): void;
}

export interface HotPathStats {
  readonly sent: number;
  /** Not sent: the node was known to be down, or too much was under way. */
  readonly bypassed: number;
  readonly failed: number;
  readonly writesDropped: number;
}

const COMMANDS_IN_FLIGHT_MAX = 4_096;
const WRITE_BYTES_IN_FLIGHT_MAX = 32 * 1024 * 1024;
/** How long a full node is not written to; then one write tries again. */
const FULL_MS = 1_000;
const NODES_MAX = 1_024;
/** A timer later than this means that the process was busy. */
const OWN_DELAY_MS = 5;
const ASKER_MS = 5;
const WORDS_MAX = 200;
const NOTHING = { cancel: (): void => {} };

interface Node {
  readonly name: string;
  readonly gate: NodeGate;
  /** Null: it takes writes. */
  fullUntil: MonotonicMs | null;
}

export class HotPath {
  readonly #options: HotPathOptions;
  readonly #nodes = new Map<string, Node>();
  #inFlight = 0;
  #writeBytes = 0;
  #sent = 0;
  #bypassed = 0;
  #failed = 0;
  #writesDropped = 0;
  #lastError = '';

  constructor(options: HotPathOptions) {
    this.#options = options;
    options.client.on('error', (error: Error) => (this.#lastError = error.message));
  }

  get stats(): HotPathStats {
    return { sent: this.#sent, bypassed: this.#bypassed, failed: this.#failed, writesDropped: this.#writesDropped };
  }

  /** Commands about this key are sent at all. */
  passes(key: string): boolean {
    return this.#nodeOf(key).gate.passes;
  }

  /** At most `bytesMax` of the value; null: there is none, or nobody can tell in time. */
  read(key: string, bytesMax: number, budgetMs: number, done: (value: Buffer | null) => void): { cancel(): void } {
    return this.ask(
      key,
      budgetMs,
      (client) => client.getrangeBuffer(key, 0, bytesMax),
      (told) => done(told === null || told.reply.length === 0 ? null : told.reply),
    );
  }

  /** Any one command about one key; null: not answered in time. After `cancel` nobody is told. */
  ask<Reply>(
    key: string,
    budgetMs: number,
    send: (client: RedisClient) => Promise<Reply>,
    done: (told: { readonly reply: Reply } | null) => void,
  ): { cancel(): void } {
    const node = this.#nodeOf(key);
    if (!node.gate.passes || this.#inFlight >= COMMANDS_IN_FLIGHT_MAX) {
      this.#bypassed++;
      done(null);
      return NOTHING;
    }
    let asker: ((told: { readonly reply: Reply } | null) => void) | null = done;
    const answer = (told: { readonly reply: Reply } | null): void => {
      const waiting = asker;
      asker = null;
      waiting?.(told);
    };
    // Whoever asks counts too, and may hold a miss of its own finding against us: we are first.
    const waitMs = Math.max(1, Math.min(budgetMs - ASKER_MS, this.#options.timeoutMs));
    this.#run(node, waitMs, () => send(this.#options.client), {
      answered: (reply) => answer({ reply }),
      failed: () => answer(null),
    });
    return {
      cancel: () => {
        asker = null;
      },
    };
  }

  /** Nobody waits for it. */
  write(key: string, value: Buffer, keepMs: number): void {
    const node = this.#nodeOf(key);
    const isFull = node.fullUntil !== null && this.#options.clock.now() < node.fullUntil;
    const isTooMuch = this.#writeBytes + value.length > WRITE_BYTES_IN_FLIGHT_MAX;
    if (!node.gate.passes || isFull || isTooMuch || this.#inFlight >= COMMANDS_IN_FLIGHT_MAX) {
      this.#writesDropped++;
      return;
    }
    // Until that try has ended, the others stay away.
    if (node.fullUntil !== null) node.fullUntil = (this.#options.clock.now() + FULL_MS) as MonotonicMs;
    this.#writeBytes += value.length;
    const over = (): void => {
      this.#writeBytes -= value.length;
    };
    this.#run(node, this.#options.timeoutMs, () => this.#options.client.set(key, value, 'PX', keepMs), {
      answered: () => {
        over();
        this.#onWritten(node);
      },
      failed: over,
    });
  }

  close(): void {
    for (const { gate } of this.#nodes.values()) gate.close();
    closeClient(this.#options.client);
  }

  /** One command: the gate hears how it went, `outcome` exactly once. */
  #run<Reply>(
    node: Node,
    waitMs: number,
    send: () => Promise<Reply>,
    outcome: { answered(reply: Reply): void; failed(): void },
  ): void {
    const { clock, timers } = this.#options;
    const sentAt = clock.now();
    this.#inFlight++;
    this.#sent++;
    node.gate.onSend(sentAt);
    let isOver = false;
    const isFirstEnd = (): boolean => {
      if (isOver) return false;
      isOver = true;
      this.#inFlight--;
      timer.cancel();
      return true;
    };
    const fail = (trouble: string | null): void => {
      if (!isFirstEnd()) return;
      this.#failed++;
      if (trouble !== null) node.gate.onTrouble(trouble, sentAt);
      outcome.failed();
    };
    let timer = timers.after(waitMs, () => {
      if (clock.now() - sentAt < waitMs + OWN_DELAY_MS) return fail(`no answer within ${waitMs} ms`);
      // We are late, not Redis: its answer may lie unread in the socket. One turn of the loop reads it.
      timer = timers.after(1, () => fail(null));
    });
    const answer = (reply: Reply): void => {
      if (!isFirstEnd()) return;
      node.gate.onAnswer(sentAt);
      outcome.answered(reply);
    };
    send().then(answer, (error: Error) => fail(this.#troubleIn(error, node)));
  }

  /** Null: the node answered well enough, only not with what was asked for. */
  #troubleIn(error: Error, node: Node): string | null {
    const { message } = error;
    if (message.startsWith('WRONGTYPE')) return null;
    if (message.startsWith('OOM')) {
      this.#onFull(node, message);
      return null;
    }
    const isOffline = message.includes('enableOfflineQueue') || message.startsWith('Connection is closed');
    return (isOffline && this.#lastError !== '' ? this.#lastError : message).slice(0, WORDS_MAX);
  }

  #onFull(node: Node, why: string): void {
    this.#writesDropped++;
    const wasFull = node.fullUntil !== null;
    node.fullUntil = (this.#options.clock.now() + FULL_MS) as MonotonicMs;
    if (!wasFull) {
      this.#options.tell({
        node: node.name,
        what: 'writes',
        isUp: false,
        why: `it is full: ${why.slice(0, WORDS_MAX)}`,
      });
    }
  }

  #onWritten(node: Node): void {
    if (node.fullUntil === null) return;
    node.fullUntil = null;
    this.#options.tell({ node: node.name, what: 'writes', isUp: true, why: 'it has room again' });
  }

  #nodeOf(key: string): Node {
    const name = this.#options.singleNode ?? this.#ownerOf(key);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const { clock, timers, chance, timeoutMs } = this.#options;
    const gate = new NodeGate({
      clock,
      timers,
      chance,
      node: name,
      timeoutMs,
      ping: () => this.#ping(name),
      tell: (state) => this.#options.tell(state),
      onGone: () => this.#nodes.delete(name),
    });
    const node: Node = { name, gate, fullUntil: null };
    if (this.#nodes.size < NODES_MAX) this.#nodes.set(name, node);
    return node;
  }

  #ownerOf(key: string): string {
    const { client } = this.#options;
    return ('slots' in client ? client.slots[slotOf(key)]?.[0] : undefined) ?? 'cluster';
  }

  #ping(name: string): Promise<unknown> | null {
    const { client, singleNode } = this.#options;
    if (singleNode !== null || !('slots' in client)) return client.ping();
    const masters: Redis[] = client.nodes('master');
    if (name === 'cluster') return masters[0]?.ping() ?? Promise.reject(new Error('no node of the cluster is known'));
    const isOwner = client.slots.some(([owner]) => owner === name);
    const master = masters.find(({ options }) => `${options.host}:${options.port}` === name);
    if (isOwner) return master?.ping() ?? Promise.reject(new Error('not connected'));
    return null;
  }
}
