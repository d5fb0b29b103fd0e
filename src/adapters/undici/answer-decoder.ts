// Answer decoder: for upstreams that compress although we asked for `identity`. Decodes as the bytes come, so that a stream
// stays a stream, and stops at a maximum, so that a hostile answer cannot fill the memory. Rare: costs nothing when absent.
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

export const isPlain = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === '' || encoding === 'identity';

export const isDecodable = (encoding: string): boolean => DECODERS[encoding] !== undefined;

export interface DecoderOwner {
  onDecoded(bytes: Uint8Array): void;
  onDecodedEnd(): void;
  onUndecodable(message: string): void;
  /** The decoder is full; `onRoom` follows. */
  onFull(): void;
  onRoom(): void;
}

export class AnswerDecoder {
  readonly #decoder: Transform;
  readonly #owner: DecoderOwner;
  readonly #bytesMax: number;
  #bytes = 0;

  /** `encoding` is decodable. */
  constructor(encoding: string, bytesMax: number, owner: DecoderOwner) {
    this.#bytesMax = bytesMax;
    this.#owner = owner;
    this.#decoder = (DECODERS[encoding] ?? createGunzip)();
    this.#decoder.on('data', (bytes: Buffer) => this.#pass(bytes));
    this.#decoder.on('end', () => owner.onDecodedEnd());
    this.#decoder.on('drain', () => owner.onRoom());
    this.#decoder.on('error', (error: Error) =>
      owner.onUndecodable(`the answer does not decompress: ${error.message}`),
    );
  }

  write(bytes: Uint8Array): void {
    if (!this.#decoder.write(bytes)) this.#owner.onFull();
  }

  end(): void {
    this.#decoder.end();
  }

  pause(): void {
    this.#decoder.pause();
  }

  resume(): void {
    this.#decoder.resume();
  }

  destroy(): void {
    this.#decoder.destroy();
  }

  #pass(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#bytesMax) this.#owner.onDecoded(bytes);
    else this.#owner.onUndecodable(`the answer is larger than ${this.#bytesMax} bytes after decompression`);
  }
}
