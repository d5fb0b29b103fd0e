// TLS files: the certificate and key that a listener shows, read and tried once, at the start: a pair that is no good stops
// it, in words that say which file.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

/** Throws an Error for the operator; its words never hold a part of the key. */
export function readTlsFiles({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }): TlsTexts {
  const texts = { cert: read(certFile), key: read(keyFile) };
  try {
    createSecureContext(texts);
    return texts;
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`\`tls\`: ${certFile} and ${keyFile} are no PEM certificate and its key: ${why}`, { cause: error });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`\`tls\`: ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
