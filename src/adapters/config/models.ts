// Models: the `models` section → ModelConfig. Knows the upstreams, so that a target always names one that exists.
import type { JsonObject } from '../../kernel/json.ts';
import { tiers } from '../../kernel/lane.ts';
import type { TargetTraits } from '../../kernel/provider.ts';
import type {
  CacheConfig,
  DegradeConfig,
  ModelConfig,
  SemanticConfig,
  TargetConfig,
  TimeoutsConfig,
  UpstreamConfig,
} from '../../ports/config.ts';
import { defaultCache, defaultDegrade, defaultSemantic } from './defaults.ts';
import { hint } from './nearest.ts';
import type { Path } from './problems.ts';
import { bareRecord, type Reading } from './reading.ts';
import type { FileModel, FileTarget } from './schema.ts';
import { readTimeouts } from './timeouts.ts';

export interface ModelSources {
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly timeouts: TimeoutsConfig;
}

export function readModels(
  file: Readonly<Record<string, FileModel>>,
  sources: ModelSources,
  reading: Reading,
): Record<string, ModelConfig> {
  const models = bareRecord(
    Object.entries(file).map(([name, model]) => [name, readModel(name, model, sources, reading)]),
  );
  refuseSharedNames(models, reading);
  refuseDearOnes(models, reading);
  return models;
}

function readModel(name: string, file: FileModel, sources: ModelSources, reading: Reading): ModelConfig {
  const path: Path = ['models', name];
  checkName(name, path, 'name', reading);
  const targets = (file.targets ?? []).map((target, index) =>
    readTarget(name, target, [...path, 'targets', index], reading),
  );
  if (targets.length === 0) {
    const example = `${reading.upstreamNames[0] ?? 'upstream'}/${name}`;
    reading.problems.add(
      [...path, 'targets'],
      `model \`${name}\` has no targets: add \`targets: ["${example}"]\``,
      'name',
    );
  }
  refuseTwins(targets, [...path, 'targets'], reading);
  refuseWeightless(targets, sources, [...path, 'targets'], reading);
  for (const [index, alias] of (file.aliases ?? []).entries())
    checkName(alias, [...path, 'aliases', index], 'value', reading);
  return {
    targets,
    aliases: file.aliases ?? [],
    timeouts: readTimeouts(file.timeouts, sources.timeouts, [...path, 'timeouts'], reading.problems),
    dropParams: file.dropParams ?? false,
    failoverOnContentFilter: file.failoverOnContentFilter ?? false,
    holdToolCalls: file.holdToolCalls ?? true,
    degrade: readDegrade(file.degrade),
    ...readCache(file, path, reading),
  };
}

/** Nothing stands for a model whose answers are not kept. */
function readCache(file: FileModel, path: Path, reading: Reading): { readonly cache?: CacheConfig } {
  const { enabled = true, semantic: similar, ...settings } = file.cache ?? { enabled: false };
  const isKept = file.cache !== undefined && enabled;
  if (!isKept && file.degrade?.staleAnswers === true) {
    reading.problems.add(
      [...path, 'degrade', 'staleAnswers'],
      '`staleAnswers` gives what was kept, and nothing is: add `cache: {}` to the model',
    );
  }
  const semantic = isKept ? readSemantic(similar, file.cache?.scope, path, reading) : null;
  if (semantic === null && file.degrade?.semantic === true) {
    reading.problems.add(
      [...path, 'degrade', 'semantic'],
      '`semantic` gives what a similar question was answered, and none is looked at: add `cache: { semantic: {} }`',
    );
  }
  if (!isKept) return {};
  return { cache: { ...defaultCache, ...chosenOf(settings), ...(semantic !== null && { semantic }) } };
}

/** Null: similar questions are not looked at. */
function readSemantic(
  file: NonNullable<FileModel['cache']>['semantic'],
  scope: CacheConfig['scope'] | undefined,
  path: Path,
  reading: Reading,
): SemanticConfig | null {
  const { enabled = true, ...settings } = file ?? { enabled: false };
  if (!enabled) return null;
  if (scope === 'public') {
    // One caller could write questions that are near to everybody's.
    const why = '`semantic` stays within a key: it cannot be used with `scope: public`';
    reading.problems.add([...path, 'cache', 'semantic'], why);
  }
  return { ...defaultSemantic, ...chosenOf(settings) };
}

const chosenOf = (settings: object): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

function readDegrade(file: FileModel['degrade']): DegradeConfig {
  return {
    capTokens: file?.capTokens ?? defaultDegrade.capTokens,
    staleAnswers: file?.staleAnswers ?? defaultDegrade.staleAnswers,
    semantic: file?.semantic ?? defaultDegrade.semantic,
    cheaper: file?.cheaper ?? defaultDegrade.cheaper,
    defaultAnswer: file?.defaultAnswer ?? defaultDegrade.defaultAnswer,
    shed: file?.shed ?? defaultDegrade.shed,
  };
}

/** The cheaper model must be there, be another one, and be one: a pattern has no targets of its own. */
function refuseDearOnes(models: Readonly<Record<string, ModelConfig>>, reading: Reading): void {
  const spellings = Object.entries(models).flatMap(([name, { aliases }]) => [name, ...aliases]);
  for (const [name, { degrade, aliases, cache }] of Object.entries(models)) {
    refuseStrangeEmbedder(name, aliases, cache?.semantic?.model ?? null, spellings, reading);
    const { cheaper } = degrade;
    if (cheaper === null) continue;
    const path: Path = ['models', name, 'degrade', 'cheaper'];
    if (cheaper.includes('*')) reading.problems.add(path, '`cheaper` is one model, not a pattern');
    else if (cheaper === name || aliases.includes(cheaper)) {
      reading.problems.add(path, '`cheaper` names the model itself: name another one');
    } else if (!spellings.includes(cheaper)) {
      reading.problems.add(path, `no model \`${cheaper}\` is listed${hint(cheaper, spellings)}`);
    }
  }
}

function refuseStrangeEmbedder(
  name: string,
  aliases: readonly string[],
  embedder: string | null,
  spellings: readonly string[],
  reading: Reading,
): void {
  if (embedder === null) return;
  const path: Path = ['models', name, 'cache', 'semantic', 'model'];
  if (embedder.includes('*')) reading.problems.add(path, '`model` is one embeddings model, not a pattern');
  else if (embedder === name || aliases.includes(embedder)) {
    reading.problems.add(path, '`model` names the model itself: name one that makes embeddings');
  } else if (!spellings.includes(embedder)) {
    reading.problems.add(path, `no model \`${embedder}\` is listed${hint(embedder, spellings)}`);
  }
}

function checkName(name: string, path: Path, part: 'name' | 'value', reading: Reading): void {
  if (name === '' || /[\s\p{Cc}]/u.test(name))
    reading.problems.add(path, 'a model’s name cannot hold white space', part);
  if (name.split('*').length > 2) reading.problems.add(path, 'a pattern has one `*` only', part);
}

function readTarget(publicName: string, file: FileTarget, path: Path, reading: Reading): TargetConfig {
  const target = typeof file === 'string' ? splitTarget(file) : file;
  const upstream = target.upstream ?? '';
  const at = typeof file === 'string' ? path : [...path, 'upstream'];
  if (upstream === '') reading.problems.add(at, `a target needs an \`upstream\`${hint('', reading.upstreamNames)}`);
  else if (!reading.upstreamNames.includes(upstream)) {
    reading.problems.add(at, `no upstream \`${upstream}\` is listed${hint(upstream, reading.upstreamNames)}`);
  }
  const model = target.model ?? null;
  const modelAt = typeof file === 'string' ? path : [...path, 'model'];
  if (model?.includes('*')) {
    if (!publicName.includes('*')) {
      reading.problems.add(modelAt, `\`*\` has nothing to stand for: the model’s name \`${publicName}\` has no \`*\``);
    } else if (model.split('*').length > 2) reading.problems.add(modelAt, 'a target’s model has one `*` only');
  }
  const settings = typeof file === 'string' ? {} : file;
  return {
    upstream,
    model: model === '*' ? null : model,
    weight: settings.weight ?? 1,
    tier: settings.tier ?? null,
    defaults: readDefaults(settings.defaults, [...path, 'defaults'], reading),
    traits: readTraits(settings),
  };
}

function splitTarget(text: string): { upstream: string; model?: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { upstream: text };
  const model = text.slice(slash + 1);
  return model === '' ? { upstream: text.slice(0, slash) } : { upstream: text.slice(0, slash), model };
}

/** Fields that make the request what it is: a default for them would answer another question. */
const notDefaults: Readonly<Record<string, string>> = {
  model: 'use the target’s `model`',
  stream: 'the client decides how it reads the answer',
  messages: 'it is the client’s question',
  prompt: 'it is the client’s question',
  input: 'it is the client’s question',
};

function readDefaults(file: Record<string, unknown> | undefined, path: Path, reading: Reading): JsonObject {
  for (const name of Object.keys(file ?? {})) {
    const why = Object.hasOwn(notDefaults, name) ? notDefaults[name] : undefined;
    if (why !== undefined) reading.problems.add([...path, name], `\`${name}\` cannot have a default: ${why}`, 'name');
  }
  // A plain copy: the document's objects have no prototype, which not every reader of JSON expects.
  return JSON.parse(JSON.stringify(file ?? {})) as JsonObject;
}

function readTraits(file: Exclude<FileTarget, string>): TargetTraits {
  return {
    ...(file.contextTokens !== undefined && { contextTokens: file.contextTokens }),
    ...(file.outputTokens !== undefined && { outputTokens: file.outputTokens }),
    ...(file.tools !== undefined && { tools: file.tools }),
    ...(file.vision !== undefined && { vision: file.vision }),
    ...(file.jsonSchema !== undefined && { jsonSchema: file.jsonSchema }),
  };
}

function refuseTwins(targets: readonly TargetConfig[], path: Path, reading: Reading): void {
  const seen = new Set<string>();
  for (const [index, { upstream, model }] of targets.entries()) {
    const identity = JSON.stringify([upstream, model]);
    if (seen.has(identity))
      reading.problems.add([...path, index], 'this target is listed twice: give one a larger `weight`');
    seen.add(identity);
  }
}

/** In a tier where nobody has weight, nobody would ever be asked. */
function refuseWeightless(targets: readonly TargetConfig[], sources: ModelSources, path: Path, reading: Reading): void {
  const tierOf = (target: TargetConfig) => target.tier ?? sources.upstreams[target.upstream]?.tier ?? 'base';
  for (const tier of tiers) {
    const members = targets.filter((target) => tierOf(target) === tier);
    if (members.length === 0 || members.some((target) => target.weight > 0)) continue;
    const first = targets.findIndex((target) => tierOf(target) === tier);
    reading.problems.add([...path, first, 'weight'], `all weights of tier ${tier} are 0: nothing would be sent there`);
  }
}

function refuseSharedNames(models: Readonly<Record<string, ModelConfig>>, reading: Reading): void {
  const owners = new Map(Object.keys(models).map((name) => [name, name]));
  for (const [name, model] of Object.entries(models)) {
    for (const [index, alias] of model.aliases.entries()) {
      const owner = owners.get(alias);
      const at = ['models', name, 'aliases', index];
      if (alias === name) reading.problems.add(at, `alias \`${alias}\` is the model’s own name`);
      else if (owner === alias) reading.problems.add(at, `alias \`${alias}\` is the name of another model`);
      else if (owner !== undefined)
        reading.problems.add(at, `alias \`${alias}\` already belongs to model \`${owner}\``);
      owners.set(alias, owner ?? name);
    }
  }
}
