// Secrets: what a request showed of ours, taken out of what an upstream said. Some quote the request's headers back, and a
// caller reads what is said of its request. Short values are no secrets, and would garble the message.
import type { HeaderList } from '../kernel/headers.ts';

const SECRET_CHARACTERS_MIN = 8;
/** Of a value's parts (a signature, a credential's scope): shorter ones may be words. */
const PART_CHARACTERS_MIN = 16;
const REDACTED = '[redacted]';

/** `shown`: headers, any of whose values may be secret. */
export function withoutSecrets(message: string, shown: HeaderList): string {
  const values = shown.filter((_, at) => at % 2 === 1).flatMap(secretsIn);
  // The longest first: a part of a secret must not break up the whole.
  const secrets = [...new Set(values)].toSorted((left, right) => right.length - left.length);
  const text = secrets.reduce((told, secret) => told.replaceAll(secret, REDACTED), message);
  return secrets.reduce(withoutBeginning, text);
}

function secretsIn(value: string): string[] {
  const [, bare = value] = /^[\w-]+ (.+)$/.exec(value) ?? [];
  const parts = value.split(/[\s,;=]+/).filter((part) => part.length >= PART_CHARACTERS_MIN);
  return [value, bare, ...parts].filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
}

/** A message that was cut short may end in the middle of a secret. */
function withoutBeginning(message: string, secret: string): string {
  if (!message.endsWith('…')) return message;
  const text = message.slice(0, -1);
  for (let length = Math.min(secret.length, text.length); length >= 4; length--) {
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${REDACTED}…`;
  }
  return message;
}
