// SHA-256 by Node's own crypto. Keys are compared and kept only as digests; this must never log or keep what it digests.
import { createHmac, hash } from 'node:crypto';
import type { Digest } from '../ports/digest.ts';

export const nodeDigest: Digest = {
  sha256: (text) => hash('sha256', text, 'hex'),
};

/** HMAC-SHA-256: 32 bytes. */
export const nodeHmac = (secret: string, text: string): Uint8Array =>
  createHmac('sha256', secret).update(text).digest();
