// Page: the tables of docs/compatibility.md, made from findings, so that the page cannot say anything else than what was found.
import { type DialectName, dialectNames } from '../../src/kernel/dialect-name.ts';
import type { Finding, Findings } from './suite.ts';

const marks = ['<!-- findings -->', '<!-- end of findings -->'] as const;

const farNames: Readonly<Record<DialectName, string>> = {
  openai: 'Chat Completions',
  anthropic: 'Anthropic Messages',
  responses: 'OpenAI Responses',
  converse: 'Bedrock Converse',
};

const endpoints: Readonly<Record<string, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  embeddings: '/v1/embeddings',
  models: '/v1/models',
  completions: '/v1/completions',
  countTokens: '/v1/messages/count_tokens',
};

type Row = readonly string[];

const whereOf = ({ client, endpoint }: Finding): Row => [client, `\`${endpoints[endpoint]}\``];

/** Rows are findings of one client, endpoint and far side. */
function talkTable(talks: readonly Finding[]): Row[] {
  const rows = Map.groupBy(talks, (finding) => [...whereOf(finding), farNames[finding.far]].join('\n'));
  const titles = [...new Set(talks.map(({ check }) => check))];
  return [
    ['client', 'endpoint', 'far side', ...titles],
    ...[...rows].map(([name, findings]) => [...name.split('\n'), ...findings.map(({ outcome }) => outcome)]),
  ];
}

function useTable(uses: readonly Finding[]): Row[] {
  const rows = Map.groupBy(uses, (finding) => whereOf(finding).join('\n'));
  return [
    ['client', 'endpoint', ...dialectNames.map((far) => farNames[far])],
    ...[...rows].map(([name, findings]) => [...name.split('\n'), ...findings.map(({ outcome }) => outcome)]),
  ];
}

function table(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: Row): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = rows;
  return [first, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('\n');
}

const tablesOf = ({ talks, uses }: Findings): string =>
  [table(talkTable(talks)), 'Endpoints that do not converse:', table(useTable(uses))].join('\n\n');

/** The page with these findings instead of those it had. */
export function pageWith(page: string, findings: Findings): string {
  const [begin, end] = marks.map((mark) => page.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) throw new Error(`no ${marks.join(' … ')}`);
  return `${page.slice(0, begin + marks[0].length)}\n\n${tablesOf(findings)}\n\n${page.slice(end)}`;
}
