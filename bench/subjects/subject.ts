// Subject: something that stands between load and mock upstream and whose CPU time is measured. Each kind has a file beside
// this one that makes a candidate of it; candidates.ts lists them.
import type { Child } from '../child.ts';

export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly port: number;
  /** Header lines its requests need, without line ends. */
  readonly headers: readonly string[];
  readonly child: Child;
}

export interface Upstream {
  readonly port: number;
  /** PEM file of the authority to trust when it speaks TLS (it calls itself `localhost`); null: plain HTTP. */
  readonly caFile: string | null;
}

/** What a subject needs to be started. */
export interface SubjectOptions {
  readonly upstream: Upstream;
  /** Scratch files go here; the bench removes it. */
  readonly folder: string;
  /** The clients' key, for those that know keys. */
  readonly secret: string;
  /** Where it runs; null: anywhere. */
  readonly core: number | null;
  /** What Spillway's configuration has besides, for the cases at hand; others know nothing of it. */
  readonly settings?: object;
}

/** A subject that could be started, any number of times. */
export interface Candidate {
  readonly name: string;
  /** Plain proxies and ourselves take part in every case, other gateways in those that can show something. */
  readonly kind: 'proxy' | 'spillway' | 'peer';
  /** Code that is compiled as it runs needs longer until it is what it will be. */
  readonly warmUpSeconds: number;
  /** Stands for a way of starting: takes part where start-up is measured, and nowhere else. */
  readonly startOnly?: boolean;
  /** Installs what is missing, where that is possible. Throws one line when it cannot be had. */
  prepare(say: (line: string) => void): Promise<void>;
  start(options: SubjectOptions): Promise<Subject>;
}

/** Where it sends to, with the API's `/v1`. */
export function upstreamUrl({ port, caFile }: Upstream): string {
  return caFile === null ? `http://127.0.0.1:${port}/v1` : `https://localhost:${port}/v1`;
}

export function bearer(secret: string): string {
  return `Authorization: Bearer ${secret}`;
}
