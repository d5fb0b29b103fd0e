// A port for a process that cannot be told to choose one itself.
import { createServer } from 'node:net';

// Below what systems hand out by themselves (32768 on Linux, 49152 elsewhere): a port from there may go to an outgoing
// connection before its server has started, even to one that asks whether that server is there yet.
const FIRST = 12_000;
const COUNT = 20_000;

/** A port of 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
