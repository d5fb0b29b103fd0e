// Subject: something that stands between load and mock upstream and whose CPU time is measured. Each kind has a file:
// nginx.ts, gateway.ts; a peer gateway would be one more.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Child } from './child.ts';

export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly port: number;
  readonly child: Child;
}

/** What a subject needs to be started. */
export interface SubjectOptions {
  readonly upstreamPort: number;
  /** Scratch files go here; the bench removes it. */
  readonly folder: string;
  /** The clients' key, for those that know keys. */
  readonly secret: string;
}

/** A port nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
