// Token trouble: what a failed try to get a token means. A service that is down or unreachable is not a bad credential: the
// one gets better by itself, the other needs a person.
import { CredentialError } from '../../ports/credentials.ts';

/** Codes of Node's sockets and resolver. */
const UNREACHABLE = /^(?:E(?:CONN\w+|TIMEDOUT|AI_\w+|NOTFOUND|HOSTUNREACH|NETUNREACH|PIPE)|UND_ERR_\w+)$/;

export function troubleOf(error: unknown, who: string): CredentialError {
  const chain = [...causes(error)];
  const status = chain.map(statusOf).find((found) => found !== null) ?? null;
  const code = chain.map(codeOf).find((found) => found !== null && UNREACHABLE.test(found)) ?? null;
  if (status !== null && status < 500 && status !== 429 && status !== 408) {
    return new CredentialError('credential', `${who} gave no token (status ${status}): ${firstLine(error)}`);
  }
  if (status !== null) return new CredentialError('connect', `${who}’s token service answered ${status}`);
  if (code !== null) return new CredentialError('connect', `${who}’s token service cannot be reached (${code})`);
  return new CredentialError('credential', `${who} gave no token: ${firstLine(error)}`);
}

function* causes(error: unknown): Iterable<object> {
  for (let depth = 0; depth < 5 && typeof error === 'object' && error !== null; depth++) {
    yield error;
    error = 'cause' in error ? error.cause : null;
  }
}

function statusOf(error: object): number | null {
  const own = 'status' in error ? error.status : 'statusCode' in error ? error.statusCode : null;
  if (typeof own === 'number') return own;
  const response = 'response' in error ? error.response : null;
  if (typeof response !== 'object' || response === null || !('status' in response)) return null;
  return typeof response.status === 'number' ? response.status : null;
}

const codeOf = (error: object): string | null =>
  'code' in error && typeof error.code === 'string' ? error.code : null;

/** Libraries add stacks and whole answers below; the first line says it. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
