// Real Redis servers for tests: one, or a cluster of six, on private ports, without persistence, ended with the test.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RedisConfig } from '../../src/ports/config.ts';
import { freePort } from '../../scripts/free-port.ts';
import { toolPath } from '../../scripts/tools.ts';

const START_MS_MAX = 10_000;
const run = promisify(execFile);

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #options: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'spillway-redis-'));
  }

  /** `options` as redis-server takes them: `['--maxmemory', '5mb']`. */
  static async start(options: readonly string[] = [], port: number | null = null): Promise<RedisServer> {
    const server = new RedisServer(port ?? (await freePort()), options);
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, for the first time or again after `kill`: empty. */
  async run(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const child = spawn(toolPath('redis-server'), [...own, '--loglevel', 'warning', ...this.#options], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    await answering(this.port);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** What redis-cli says. */
  async ask(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(toolPath('redis-cli'), ['-p', String(this.port), ...args]);
    return stdout.trim();
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Three masters with a replica each, in this order. */
export async function startCluster(): Promise<RedisServer[]> {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const bus = await freePort();
      const cluster = `--cluster-enabled yes --cluster-config-file nodes.conf --cluster-port ${bus}`;
      const failover = '--cluster-node-timeout 1000 --cluster-replica-validity-factor 0';
      return RedisServer.start(`${cluster} ${failover}`.split(' '));
    }),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run(toolPath('redis-cli'), ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']);
  await Promise.all(nodes.map((node) => until(async () => (await node.ask('cluster', 'info')).includes('state:ok'))));
  return nodes;
}

export function redisConfig(nodes: readonly { readonly port: number }[], more: Partial<RedisConfig> = {}): RedisConfig {
  return {
    nodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    isCluster: nodes.length > 1,
    username: null,
    password: null,
    database: 0,
    tls: false,
    caFile: null,
    prefix: 'test',
    timeoutMs: 50,
    ...more,
  };
}

/** Waits for a condition, with a deadline. */
export async function until(holds: () => boolean | Promise<boolean>, msMax = START_MS_MAX): Promise<void> {
  const end = performance.now() + msMax;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it does not hold after ${msMax} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function answering(port: number): Promise<void> {
  return until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        const end = (answers: boolean): void => {
          socket.destroy();
          resolve(answers);
        };
        socket.once('error', () => end(false));
        socket.once('connect', () => socket.write('PING\r\n'));
        socket.once('data', () => end(true));
      }),
  );
}
