// Digest: keys are compared and kept as SHA-256 only.

export interface Digest {
  /** 64 lower-case hex digits of the UTF-8 bytes. */
  sha256(text: string): string;
}
