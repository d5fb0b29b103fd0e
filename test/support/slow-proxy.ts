// Slow proxy: TCP with a delay that a test sets while it runs. What was sent before keeps its order.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class SlowProxy {
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<SlowProxy> {
    const server = createServer();
    const proxy = new SlowProxy(server);
    server.on('connection', (near) => {
      const far = connect(targetPort, '127.0.0.1');
      proxy.#join(near, far);
      proxy.#join(far, near);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    let line: Promise<void> = Promise.resolve();
    from.on('data', (bytes) => {
      line = this.#pass(bytes, to, line, performance.now());
    });
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('error', () => to.destroy());
  }

  async #pass(bytes: Buffer, to: Socket, before: Promise<void>, arrivedAt: number): Promise<void> {
    await before;
    const leftMs = arrivedAt + this.delayMs / 2 - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    to.write(bytes);
  }
}
