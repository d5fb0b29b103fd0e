// Authority: a certificate authority of the operator's own, trusted besides the system's.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { createSecureContext, getCACertificates } from 'node:tls';

/**
 * One context per route: parsing the system's authorities for each connection would cost milliseconds each time. Throws, in
 * words for the operator, when the file is no good.
 */
export function trust(caFile: string): SecureContext {
  let pem: string;
  try {
    pem = readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new Error(`caFile ${caFile} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    // Without this check OpenSSL takes a file without certificates for an empty list.
    void new X509Certificate(pem);
    return createSecureContext({ ca: [...getCACertificates('default'), pem] });
  } catch (error) {
    throw new Error(`caFile ${caFile} is not a PEM certificate: ${(error as Error).message}`, { cause: error });
  }
}
