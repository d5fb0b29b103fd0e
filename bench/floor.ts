// Floor: the least that passing bytes on costs in Node. Each client connection's bytes go to an upstream connection, which it
// has for itself until bytes come back; nothing is parsed, checked, timed or limited, and one read is taken for one message.
// No gateway can be made like this: what it costs more than nginx, no code of ours can save. As a peer of the bench:
//
//   npm run bench -- --only '^chat-1k$' --against nginx --no-record \
//     --peer 'floor=node_modules/.bin/node bench/floor.ts {port} {upstream}'
import { type Socket, connect, createServer } from 'node:net';

const [port = '0', upstream = 'http://127.0.0.1:1'] = process.argv.slice(2);
const { hostname, port: upstreamPort } = new URL(upstream);
const READ_BYTES = 64 * 1_024;
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

class Way {
  client: Socket | null = null;
  readonly far: Socket;

  constructor() {
    const callback = (length: number, bytes: Uint8Array): boolean => {
      const client = this.client;
      this.client = null;
      // Free at once: the next client may write before this one's answer is out.
      idle.push(this);
      client?.write(Buffer.from(bytes.subarray(0, length)));
      return true;
    };
    this.far = connect({ host: hostname, port: Number(upstreamPort), onread: { buffer: readBuffer, callback } });
    this.far.setNoDelay(true);
    this.far.on('error', ignore);
  }
}

const idle: Way[] = [];
const ignore = (): void => {};

const server = createServer({ noDelay: true }, (client) => {
  client.on('error', ignore);
  client.on('data', (bytes) => {
    const way = idle.pop() ?? new Way();
    way.client = client;
    way.far.write(bytes);
  });
});
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
