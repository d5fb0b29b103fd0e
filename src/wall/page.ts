// The page: docs/wall.md, made from the behaviours, so that it cannot say anything else than what the wall does.
import type { Behaviour } from './behaviour.ts';
import { behaviours } from './behaviours.ts';

const intro = `# The wall: a provider that misbehaves on command

\`\`\`
node bin/spillway.js wall --port 8401
\`\`\`

starts a fake provider. The name of the model picks the behaviour; whatever ends in \`/\` or \`:\` before it is free, so
\`wall/cut-once\` and \`try-7:cut-once\` are the same behaviour, counted apart. Put it behind Spillway, or behind any other
gateway, to see what becomes of each fault:

\`\`\`
curl -N http://127.0.0.1:8401/v1/chat/completions -H 'content-type: application/json' \\
  -d '{"model": "cut", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
\`\`\`

The path picks the dialect, and every fault is spelled in it:

`;

const paths = [
  ['dialect', 'paths'],
  ['`openai`', '`/v1/chat/completions` (also `/beta/…`, `/v1/beta/…`), `/v1/completions`, `/v1/embeddings`'],
  ['`anthropic`', '`/v1/messages`, `/v1/messages/count_tokens` (also `/anthropic/v1/…`)'],
  ['`responses`', '`/v1/responses`, `/responses`'],
  [
    '`converse`',
    "Bedrock's `/model/{model}/converse` and `/model/{model}/converse-stream`, in AWS frames; encode the model's name for a URL",
  ],
];

const rest = `
- A good answer is always the same known text, thought or call, so what arrives can be compared letter for letter, whatever
  the dialect. When the last message is from the assistant and is the beginning of that text, the answer goes on exactly
  from there.
- The statuses in the names are OpenAI's. The other dialects answer with the status and the words they have for the same
  trouble: a bad key is 403 \`UnrecognizedClientException\` with Converse.
- Keep-alives are comments in \`openai\`, \`ping\` in \`anthropic\`, \`keepalive\` in \`responses\`, and nothing at all in \`converse\`,
  which has none.
- "Once" counts by the model's whole name and the caller: the header \`x-wall-key\` if there is one, else the credential in
  \`authorization\`, \`x-api-key\` or \`api-key\` (of an AWS signature: the access key).
- \`GET /log\` shows every attempt: time, path, model, size of the body, status, and whether the client left early.
  \`DELETE /log\` empties it and forgets who was here.
- \`GET /v1/models\` lists the behaviours, \`GET /health\` answers while it stands. Without a stream each fault has its nearest
  equivalent.
- It asks for no key. It is a tool for tests: do not let strangers reach it.

This page is made by \`node bin/spillway.js wall --markdown\`. What Spillway takes each fault for is explained in
[errors.md](errors.md).

`;

/** The whole of docs/wall.md. */
export function wallPage(): string {
  return (
    intro + table(paths) + rest + table([['model', 'fault', 'dialects', 'what Spillway does'], ...behaviours.map(row)])
  );
}

function row({ name, title, fault, dialects, spillway }: Behaviour): string[] {
  return [`\`${name}\``, fault === null ? title : `${title} (\`${fault}\`)`, dialects?.join(', ') ?? 'all', spillway];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  const [first = [], ...others] = rows;
  return [first, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('');
}
