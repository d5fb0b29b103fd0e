// Banner: what a person reads when Spillway has started: where it is, what it serves, a command to try, what to do next.
// Pure text, so that a test can read it too. Never shows a key.
import type { Config } from '../ports/config.ts';

export interface BannerFacts {
  readonly url: string;
  readonly config: Config;
  readonly colours: boolean;
  readonly version: string;
}

const NAMES_SHOWN = 8;

export function banner({ url, config, colours, version }: BannerFacts): string[] {
  const bold = (text: string): string => (colours ? `\u001B[1m${text}\u001B[0m` : text);
  const faint = (text: string): string => (colours ? `\u001B[2m${text}\u001B[0m` : text);
  const adminUrl = config.adminPort === null ? url : withPort(url, config.adminPort);
  return [
    '',
    `  ${bold(`Spillway ${version}`)} answers on ${bold(url)}  ${faint(`(${sourceWords(config.source)})`)}`,
    '',
    ...upstreamLines(config),
    `  models     ${modelWords(config)}`,
    `  clients    base URL ${url}/v1, ${config.keys.length === 0 ? 'any API key' : `one of ${config.keys.length} key(s)`}`,
    `  metrics    ${url}/metrics`,
    `  admin      ${adminUrl}/admin/config${config.adminKeySha256 === null ? '' : ' (with the admin key)'}`,
    '',
    `  ${bold('Try it:')}`,
    ...curl(url, config, false),
    '',
    `  ${bold('Try it streaming:')}`,
    ...curl(url, config, true),
    '',
    ...nextSteps(config),
  ];
}

function sourceWords(source: string): string {
  if (source === 'built-in') return 'no configuration: the demo model only';
  return source === 'environment' ? 'configured by the environment' : source;
}

function upstreamLines(config: Config): string[] {
  const names = Object.entries(config.upstreams).map(([name, { provider }]) =>
    name === provider ? name : `${name} (${provider})`,
  );
  return [`  upstreams  ${shorten(names)}`];
}

function modelWords(config: Config): string {
  const names = Object.entries(config.models).flatMap(([name, model]) => [name, ...model.aliases]);
  const named = Object.entries(config.upstreams).filter(([, upstream]) => upstream.provider !== 'scripted');
  const open = named.slice(0, 3).map(([name]) => `${name}/<model>`);
  return shorten([...names, ...open]);
}

function shorten(names: readonly string[]): string {
  if (names.length === 0) return '(none)';
  const more = names.length > NAMES_SHOWN ? `, and ${names.length - NAMES_SHOWN} more` : '';
  return names.slice(0, NAMES_SHOWN).join(', ') + more;
}

/** A name that can be asked for as it stands; a pattern cannot. */
function exampleModel(config: Config): string {
  const plain = Object.keys(config.models).filter((name) => !name.includes('*'));
  const upstream = Object.keys(config.upstreams)[0] ?? 'upstream';
  return plain[0] ?? `${upstream}/MODEL`;
}

function curl(url: string, config: Config, stream: boolean): string[] {
  const body = {
    model: exampleModel(config),
    ...(stream && { stream }),
    messages: [{ role: 'user', content: 'Hello!' }],
  };
  // A model's name is the user's own text: a quote in it must not end the shell's.
  const json = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  const auth = config.keys.length === 0 ? [] : ["    -H 'authorization: Bearer YOUR-KEY' \\"];
  return [
    `  curl ${stream ? '-N ' : ''}${url}/v1/chat/completions \\`,
    ...auth,
    "    -H 'content-type: application/json' \\",
    `    -d '${json}'`,
  ];
}

function nextSteps(config: Config): string[] {
  if (config.source !== 'built-in' && config.source !== 'environment') return [];
  const real =
    config.source === 'built-in'
      ? ['  For a real model, stop this (Ctrl-C) and start with a key:', '    DEEPSEEK_API_KEY=sk-... npm start', '']
      : [];
  return [...real, '  For more, copy spillway.example.yaml to spillway.yaml. Every setting: docs/configuration.md', ''];
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.origin;
}
