// Fill: pairs of request and answer, kept before anybody asks. Into Redis in bulk where the configuration has one (the
// gateways find them there), else through a running gateway, which keeps them in its memory. Keys are the core's own.
import { nodeDigest } from '../../adapters/digest.ts';
import { massInsert, type Pair } from '../../adapters/redis/mass-insert.ts';
import { systemClock } from '../../adapters/system.ts';
import { compile } from '../../gateway/compile.ts';
import { ModelResolver } from '../../gateway/resolve.ts';
import { keyNamed, pairOf, type WarmTools } from '../../gateway/warm.ts';
import { limits } from '../../kernel/limits.ts';
import type { Config, RedisConfig } from '../../ports/config.ts';
import type { WarmLine } from '../../policy/warm-file.ts';
import type { AdminClient } from './admin-client.ts';
import { type NumberedLine, Troubles, warmLines } from './warm-lines.ts';

export interface Filled {
  readonly kept: number;
  readonly troubles: Troubles;
}

/** `keyName`: in whose name lines are kept that name nobody. Throws when Redis cannot be reached. */
export async function fillRedis(
  file: string,
  { config, redis, keyName }: { readonly config: Config; readonly redis: RedisConfig; readonly keyName: string | null },
  onProgress: (kept: number) => void,
): Promise<Filled> {
  const troubles = new Troubles();
  const snapshot = compile(config, 1, '');
  const resolver = new ModelResolver(snapshot, ({ provider }) => provider.knownModels);
  const tools: WarmTools = { snapshot, resolver, digest: nodeDigest };
  const fallback = keyName === null ? null : keyNamed(snapshot, keyName);
  const pairs = async function* (): AsyncGenerator<Pair> {
    for await (const { number, line } of pairLines(file, troubles)) {
      const pair = pairOf(line, tools, fallback, systemClock.wall());
      if (pair.ok) yield pair.value;
      else troubles.note(number, pair.error);
    }
  };
  const { kept, refused } = await massInsert(redis, pairs(), () => systemClock.wall(), onProgress);
  for (let at = 0; at < refused; at++) troubles.note(0, 'was not taken by Redis');
  return { kept, troubles };
}

export async function fillGateway(
  file: string,
  { admin, keyName }: { readonly admin: AdminClient; readonly keyName: string | null },
  onProgress: (kept: number) => void,
): Promise<Filled> {
  const troubles = new Troubles();
  let kept = 0;
  let batch: { readonly number: number; readonly text: string }[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    const lines = batch;
    batch = [];
    bytes = 0;
    if (lines.length === 0) return;
    const body = lines.map(({ text }) => text).join('\n');
    const query = keyName === null ? '' : `?key=${encodeURIComponent(keyName)}`;
    const told = await admin.json('POST', `/admin/cache/entries${query}`, body);
    if (!told.ok) throw new Error(told.error);
    const { kept: more, refused, troubles: words } = told.value as unknown as Told;
    kept += more;
    for (const word of words) noteTold(word, lines, troubles);
    troubles.count += refused - words.length;
    onProgress(kept);
  };
  for await (const { number, line } of pairLines(file, troubles)) {
    const text = textOf(line);
    batch.push({ number, text });
    bytes += text.length;
    if (batch.length >= BATCH_LINES || bytes > BATCH_BYTES) await send();
  }
  await send();
  return { kept, troubles };
}

interface Told {
  readonly kept: number;
  readonly refused: number;
  readonly troubles: readonly string[];
}

/** The gateway answers others meanwhile: a batch takes it a few milliseconds. */
const BATCH_LINES = Math.min(100, limits.cacheFillLinesMax);
const BATCH_BYTES = 512 * 1024;

type PairLine = NumberedLine & { readonly line: WarmLine & { readonly answer: NonNullable<WarmLine['answer']> } };

async function* pairLines(file: string, troubles: Troubles): AsyncGenerator<PairLine> {
  for await (const { number, line } of warmLines(file, troubles)) {
    const { answer } = line;
    if (answer !== null) yield { number, line: { ...line, answer } };
  }
}

const textOf = ({ path, request, answer, keyName }: WarmLine): string =>
  JSON.stringify({ url: path, request, answer, ...(keyName !== null && { key: keyName }) });

/** `line 3 …` of the batch is another of the file. */
function noteTold(word: string, lines: readonly { readonly number: number }[], troubles: Troubles): void {
  const [, at = '1', why = word] = /^line (\d+) (.*)$/s.exec(word) ?? [];
  troubles.note(lines[Number(at) - 1]?.number ?? 0, why);
}
