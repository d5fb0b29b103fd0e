// Accounts: the `account` of an upstream: which settings mean something to its provider, and what they come to together.
import type { ProviderName } from '../../kernel/provider.ts';
import { hint } from './nearest.ts';
import type { Path } from './problems.ts';
import type { Account, Reading } from './reading.ts';
import type { FileUpstream } from './schema.ts';

/** Flags become `true` or nothing, files full paths. */
export function readAccount(file: FileUpstream, provider: ProviderName | null, path: Path, reading: Reading): Account {
  const known = provider === null ? null : (reading.providers[provider].accountSettings ?? {});
  const account: Record<string, string> = {};
  for (const [name, value] of Object.entries(file.account ?? {})) {
    if (value === undefined || value === false) continue;
    const at = [...path, 'account', name];
    const setting = known?.[name];
    if (known !== null && setting === undefined) {
      reading.problems.add(at, noEffect(name, provider ?? '', Object.keys(known)), 'name');
    } else if (setting?.choices !== undefined && !setting.choices.includes(String(value))) {
      reading.problems.add(at, `unknown ${name} \`${String(value)}\`${hint(String(value), setting.choices)}`);
    } else {
      account[name] = setting?.kind === 'file' ? readFile(name, String(value), at, reading) : String(value);
    }
  }
  return account;
}

function noEffect(name: string, provider: string, known: readonly string[]): string {
  const takes = known.length === 0 ? 'takes no `account`' : `takes ${known.map((one) => `\`${one}\``).join(', ')}`;
  return `\`account.${name}\` has no effect: provider ${provider} ${takes}`;
}

function readFile(name: string, written: string, at: Path, reading: Reading): string {
  const full = reading.resolvePath(written);
  const why = reading.whyUnreadable(full);
  if (why !== null) reading.problems.add(at, `\`account.${name}\` ${full}: ${why}`);
  return full;
}

/** What the settings come to with each other, and with `region`, which stands in for a place that is not said. */
export function checkAccount(
  file: FileUpstream,
  provider: ProviderName | null,
  account: Account,
  hasKey: boolean,
  path: Path,
  reading: Reading,
): void {
  if (provider === null) return;
  const whole = file.region === undefined ? account : { region: file.region, location: file.region, ...account };
  const trouble = reading.providers[provider].accountTrouble?.(whole, hasKey, file.baseUrl !== undefined) ?? null;
  if (trouble === null) return;
  const at = file.account === undefined ? path : [...path, 'account'];
  reading.problems.add(at, `provider ${provider} ${trouble}`, 'name');
}
