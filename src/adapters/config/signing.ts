// Signing: the `signing` section → SigningConfig. Whoever knows a secret can make the gateway answer in the payer's name, so
// short ones are refused. No message quotes one.
import type { KeyConfig, SigningConfig } from '../../ports/config.ts';
import type { FileSigning } from './cache-schema.ts';
import { hint } from './nearest.ts';
import type { Path, Problems } from './problems.ts';

const SECRET_CHARACTERS_MIN = 32;

export function readSigning(file: FileSigning, keys: readonly KeyConfig[], problems: Problems): SigningConfig | null {
  if (file === undefined) return null;
  if (file.keys === undefined) {
    problems.add(['signing'], '`signing` needs `keys`, like `[{ id: a, secret: "${SIGNING_SECRET}" }]`');
    return null;
  }
  const seen = new Set<string>();
  for (const [index, { id = '', secret = '' }] of file.keys.entries()) {
    const path: Path = ['signing', 'keys', index];
    if (!/^[0-9a-z]{1,16}$/.test(id)) problems.add([...path, 'id'], '`id` has up to 16 lower-case letters and digits');
    else if (seen.has(id)) problems.add([...path, 'id'], `two signing keys have the id \`${id}\``);
    seen.add(id);
    if (secret.length < SECRET_CHARACTERS_MIN) {
      problems.add([...path, 'secret'], `\`secret\` has at least ${SECRET_CHARACTERS_MIN} characters`);
    }
  }
  const names = keys.map(({ name }) => name);
  const payer = file.payer ?? null;
  if (payer === null && names.length > 0) {
    problems.add(['signing'], '`signing` needs `payer`: the name of the key in whose name the addresses are asked');
  } else if (payer !== null && !names.includes(payer)) {
    problems.add(['signing', 'payer'], `no key has the name \`${payer}\`${hint(payer, names)}`);
  }
  return { keys: file.keys.map(({ id = '', secret = '' }) => ({ id, secret })), payer };
}
