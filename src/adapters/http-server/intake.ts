// Intake: gathers one request body, decompressed, within bounds: its own maximum (so a zip bomb stops at it), the budget of
// all bodies together, and the clock of the exchange that owns it. It must never keep a byte that is not in the budget.
//
// States: reading → whole | refused | stopped. Each is final; the held bytes stay counted until `release`.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Rejection } from '../../kernel/rejection.ts';
import { reject } from '../../kernel/rejection.ts';
import type { BodyBudget } from './body-budget.ts';
import type { ServerLimits } from './server-limits.ts';

export interface IntakeOwner {
  onWhole(bytes: Uint8Array): void;
  onRefused(rejection: Rejection): void;
}

/** What decides whether there is room for a body. */
export interface BodyRoom {
  readonly limits: ServerLimits;
  readonly budget: BodyBudget;
  heapPressure(): number;
}

const OVERLOADED_RETRY_MS = 2_000;
const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

export const knowsEncoding = (encoding: string | undefined): boolean =>
  isIdentity(encoding) || DECODERS[normal(encoding)] !== undefined;

export const refuseTooLarge = (bytesMax: number): Rejection =>
  reject('bodyTooLarge', `The request body is larger than ${bytesMax} bytes after decompression.`);
export const refuseEncoding = (): Rejection =>
  reject('badEncoding', 'Content-Encoding must be one of gzip, deflate, br, zstd or absent.');
export const refuseOverload = (): Rejection =>
  reject('overloaded', 'The gateway holds as many request bodies as it can. Try again shortly.', {
    retryAfterMs: OVERLOADED_RETRY_MS,
  });
export const refuseLate = (msMax: number): Rejection =>
  reject('bodyTimeout', `The request body did not arrive within ${msMax} ms.`);

/** What is refused before a byte is read. The declared length is only asked about, not taken: declaring costs nothing. */
export function refuseUnread(declared: number, room: BodyRoom): Rejection | null {
  const { bodyBytesMax, heapShareMax } = room.limits;
  if (declared > bodyBytesMax) return refuseTooLarge(bodyBytesMax);
  return !room.budget.hasRoomFor(declared) || room.heapPressure() > heapShareMax ? refuseOverload() : null;
}

function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === '' || normal(encoding) === 'identity';
}

function normal(encoding: string | undefined): string {
  return (encoding ?? '').trim().toLowerCase();
}

export class Intake {
  readonly #request: IncomingMessage;
  readonly #decoder: Transform | null;
  readonly #bytesMax: number;
  readonly #budget: BodyBudget;
  readonly #owner: IntakeOwner;
  #receivedBytes = 0;
  #heldBytes = 0;
  #parts: Buffer[] = [];
  #reading = true;
  // Kept to be taken off again: the request object outlives the intake.
  readonly #onData = (part: Buffer): void => this.#receive(part);
  readonly #onEnd = (): void => this.#end();

  constructor(
    request: IncomingMessage,
    encoding: string | undefined,
    bytesMax: number,
    budget: BodyBudget,
    owner: IntakeOwner,
  ) {
    this.#request = request;
    this.#decoder = isIdentity(encoding) ? null : (DECODERS[normal(encoding)]?.() ?? null);
    this.#bytesMax = bytesMax;
    this.#budget = budget;
    this.#owner = owner;
    if (this.#decoder !== null) this.#listen(this.#decoder);
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
  }

  get reading(): boolean {
    return this.#reading;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** No more is read here, nobody is told; what was held is given back. */
  stop(): void {
    if (this.#reading) {
      this.#detach();
      // Left paused by a slow decoder, it would never see the end of the body.
      this.#request.resume();
    }
    this.release();
  }

  /** Refuses from outside: too late. */
  refuse(rejection: Rejection): void {
    if (!this.#reading) return;
    this.stop();
    this.#owner.onRefused(rejection);
  }

  /** The exchange no longer needs the bytes. */
  release(): void {
    this.#budget.give(this.#heldBytes);
    this.#heldBytes = 0;
    this.#parts = [];
  }

  #listen(decoder: Transform): void {
    decoder.on('data', (part: Buffer) => this.#keep(part));
    decoder.on('end', () => this.#finish());
    decoder.on('drain', () => this.#request.resume());
    decoder.on('error', () => {
      this.refuse(reject('badRequest', 'The request body does not decompress with the encoding it declares.'));
    });
  }

  #receive(part: Buffer): void {
    this.#receivedBytes += part.length;
    if (this.#receivedBytes > this.#bytesMax) this.refuse(refuseTooLarge(this.#bytesMax));
    else if (this.#decoder === null) this.#keep(part);
    else if (!this.#decoder.write(part)) this.#request.pause();
  }

  #keep(part: Buffer): void {
    if (!this.#reading) return;
    if (this.#heldBytes + part.length > this.#bytesMax) {
      this.refuse(refuseTooLarge(this.#bytesMax));
      return;
    }
    if (!this.#budget.take(part.length)) {
      this.refuse(refuseOverload());
      return;
    }
    this.#heldBytes += part.length;
    this.#parts.push(part);
  }

  #end(): void {
    if (this.#decoder === null) this.#finish();
    else this.#decoder.end();
  }

  #finish(): void {
    if (!this.#reading) return;
    this.#detach();
    const only = this.#parts.length === 1 ? this.#parts[0] : undefined;
    const whole = only ?? Buffer.concat(this.#parts, this.#heldBytes);
    this.#parts = [];
    this.#owner.onWhole(whole);
  }

  #detach(): void {
    this.#reading = false;
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    this.#decoder?.destroy();
  }
}
