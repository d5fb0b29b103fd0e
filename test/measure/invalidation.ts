// What telling gateways about changed entries costs Redis: client tracking (default and broadcasting) against a channel of
// our own. docs/decisions/0011 rests on it.
//   node test/measure/invalidation.ts
import { Redis } from 'ioredis';
import { RedisServer, until } from '../support/redis.ts';

const GATEWAYS = 8;
const COMMANDS = 40_000;
const WRITE_SHARE = 0.1;
const KEYS = 5_000;
const PURGED = 5_000;
const value = 'x'.repeat(1_000);

interface Gateway {
  readonly commands: Redis;
  readonly ear: Redis;
  heard: number;
}

type Way = 'nothing' | 'tracking' | 'broadcast' | 'channel';

async function join(port: number, way: Way): Promise<Gateway> {
  const [commands, ear] = [new Redis({ port, protocol: 2 }), new Redis({ port, protocol: 2 })];
  const gateway: Gateway = { commands, ear, heard: 0 };
  const id = String(await ear.client('ID'));
  // An invalidation lists keys; a message of ours is one.
  ear.on('message', (_channel, message: unknown) => (gateway.heard += String(message).split(',').length));
  await ear.subscribe(way === 'channel' ? 'purge' : '__redis__:invalidate');
  if (way === 'tracking') await commands.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
  if (way === 'broadcast')
    await commands.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', 'answer:');
  return gateway;
}

async function cost(admin: Redis): Promise<{ cpuMs: number; bytes: number }> {
  const text = await admin.info();
  const number = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1] ?? Number.NaN);
  const cpu = number('used_cpu_user') + number('used_cpu_sys');
  return { cpuMs: cpu * 1_000, bytes: number('total_net_output_bytes') };
}

/** Squared chance: some keys are asked for far more often than others. */
const drawKey = (): string => `answer:${Math.floor(Math.random() ** 2 * KEYS)}`;

for (const way of ['nothing', 'tracking', 'broadcast', 'channel'] as const) {
  const server = await RedisServer.start();
  const admin = new Redis({ port: server.port });
  const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => join(server.port, way)));
  for (let key = 0; key < KEYS; key++) void admin.set(`answer:${key}`, value);
  await admin.ping();
  const before = await cost(admin);
  for (let sent = 0; sent < COMMANDS; sent += 400) {
    const batch = Array.from({ length: 400 }, (_, at) => {
      const { commands } = gateways[(sent + at) % GATEWAYS] as Gateway;
      return Math.random() < WRITE_SHARE ? commands.set(drawKey(), value) : commands.get(drawKey());
    });
    await Promise.all(batch);
  }
  const after = await cost(admin);
  const perCommand = ((after.cpuMs - before.cpuMs) * 1_000) / COMMANDS;
  const line = [way.padEnd(10), `${perCommand.toFixed(1)} µs of Redis a command`];
  line.push(`${((after.bytes - before.bytes) / COMMANDS).toFixed(0)} bytes out a command`);
  if (way !== 'nothing') {
    // A purge of a model: with tracking every entry must be deleted to be told.
    for (const gateway of gateways) gateway.heard = 0;
    if (way === 'tracking') {
      for (const { commands } of gateways)
        await Promise.all(Array.from({ length: PURGED }, (_, key) => commands.get(`answer:${key}`)));
    }
    const quiet = await cost(admin);
    const began = performance.now();
    if (way === 'channel') await admin.publish('purge', 'model');
    else await admin.unlink(Array.from({ length: PURGED }, (_, key) => `answer:${key}`));
    const wanted = way === 'channel' ? 1 : PURGED;
    await until(() => gateways.every(({ heard }) => heard >= wanted), 30_000).catch(() => line.push('NOT ALL HEARD'));
    line.push(`purge of ${PURGED} entries heard by all ${GATEWAYS} after ${(performance.now() - began).toFixed(1)} ms`);
    line.push(`${((await cost(admin)).bytes - quiet.bytes) >> 10} KiB`);
  }
  console.log(line.join(', '));
  for (const { commands, ear } of gateways) {
    commands.disconnect();
    ear.disconnect();
  }
  admin.disconnect();
  await server.stop();
}
