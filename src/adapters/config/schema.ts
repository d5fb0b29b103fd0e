// Schema: what a user may write in the configuration file. Only the shape stands here (names, types, ranges, words for
// editors); what settings mean to each other is checked by the readers beside this file. Everything is optional for zod:
// a missing setting is told by its reader, which can say what to add.
import { z } from 'zod';
import { lanes, tiers } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { providerNames } from '../../kernel/provider.ts';
import { cache, signing } from './cache-schema.ts';
import {
  defaultBreaker,
  defaultCors,
  defaultHealth,
  defaultLogLevel,
  defaultRedis,
  defaultRetry,
  defaultSampleRatio,
  defaultServer,
  defaultTimeouts,
} from './defaults.ts';
import { count, flag, MS_MAX, ms, names, percent, port, text, whole } from './schema-parts.ts';

const tier = (description: string) => z.enum(tiers).meta({ description }).optional();
const requestsPerMinute = (whose: string) => count(`Requests per minute ${whose}. Leave it out for no limit.`);
const tokensPerMinute = (whose: string) => count(`Tokens per minute ${whose}. Leave it out for no limit.`);

const modelTimeouts = z.strictObject({
  firstTokenMs: ms(
    'From sending to the first content, while another target could be asked.',
    defaultTimeouts.firstTokenMs,
  ),
  idleMs: ms('Longest gap between two pieces of content; keep-alives do not count.', defaultTimeouts.idleMs),
  totalMs: ms('The whole exchange, waiting included.', defaultTimeouts.totalMs),
  queueMs: ms('Longest wait for room; 0 never waits.', defaultTimeouts.queueMs, 0),
  commitAfterMs: ms(
    "Without content for this long a stream's client gets status 200 and comments.",
    defaultTimeouts.commitAfterMs,
  ),
});
// Connections are shared by all models of an upstream, so a model has no say in how they are made.
const timeouts = modelTimeouts.extend({
  connectMs: ms('Time to connect to an upstream, TLS included.', defaultTimeouts.connectMs),
});

const health = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .meta({ description: 'Path on the upstream’s host.', default: defaultHealth.path })
      .optional(),
    intervalMs: ms('Time between two checks.', defaultHealth.intervalMs),
    timeoutMs: ms('Time one check may take.', defaultHealth.timeoutMs),
    unhealthyAfter: count('Failed checks in a row that take the upstream out.', defaultHealth.unhealthyAfter),
    healthyAfter: count('Good checks in a row that take it back in.', defaultHealth.healthyAfter),
  })
  .meta({ description: 'Ask the upstream regularly whether it is well; `{}` asks with the defaults.' })
  .optional();

const account = z
  .strictObject({
    resource: text('Azure: the resource’s name, as in `https://NAME.openai.azure.com`.'),
    endpoint: text('Azure: the endpoint as the portal shows it, instead of `resource`; a Foundry project too.'),
    apiVersion: text('Azure: a dated version, for resources whose deployments stand in the address.'),
    entra: flag('Azure: show an Entra token instead of a key. Needs the package `@azure/identity`.'),
    entraScope: text('Azure: what the token is for, where the usual scope is not it.'),
    region: text('Bedrock: the AWS region. Default: the upstream’s `region`.'),
    api: text('OpenAI, Azure: `chat` or `responses`. Bedrock: `openai`, `converse` or `mantle`. Left out: what fits.'),
    accessKeyId: text('Bedrock: signs requests. Left out: AWS’s own chain (environment, profile, role, machine).'),
    secretAccessKey: text('Bedrock: with `accessKeyId`.'),
    sessionToken: text('Bedrock: with temporary keys.'),
    project: text('Vertex: the id of the Google Cloud project.'),
    location: text('Vertex: `global`, `us-central1`, … Default: the upstream’s `region`, or `global`.'),
    serviceAccountFile: text('Vertex: key file, relative to this file. Left out: Google’s own chain.'),
    serviceAccountJson: text('Vertex: the same as text.'),
  })
  .meta({ description: 'What the provider must know of the account besides its keys, mostly in a cloud.' })
  .optional();

const upstream = z.strictObject({
  provider: z
    .enum(providerNames)
    .meta({ description: 'Kind of far side. May be left out when the upstream is named like a provider.' })
    .optional(),
  baseUrl: text('Address of the API, with `/v1` where it has it. Leave it out for the provider’s own.'),
  apiKey: text('Credential. Write `${NAME}` to take it from the environment.'),
  apiKeys: names('Several credentials, used in turn. Instead of `apiKey`.'),
  tier: tier('`base` first, `peak` when that is full, `standby` last. Default: base.'),
  maxConcurrent: count('Requests in flight at once. Leave it out for the provider’s known limit, or none.'),
  requestsPerMinute: requestsPerMinute('sent to this upstream'),
  tokensPerMinute: tokensPerMinute('sent to this upstream'),
  headers: z
    .record(z.string(), z.string())
    .meta({ description: 'Headers sent with every request to this upstream.' })
    .optional(),
  region: text('Where it computes, for keys that are bound to regions.'),
  account,
  caFile: text('PEM file with the authority to trust besides the system’s; relative to this file.'),
  proxy: text('HTTP proxy on the way to this upstream: `http://proxy:3128`.'),
  transport: z
    .enum(['auto', 'undici'])
    .meta({ description: '`undici` keeps this upstream off the express lane.', default: 'auto' })
    .optional(),
  health,
  discover: flag('Ask for its list of models and serve them. Default: true when the file lists no models.'),
  engineMetrics: z
    .union([z.boolean(), z.string().min(1)])
    .meta({
      description: 'Read a self-hosted engine’s own queue every 2 s: `true`, `false`, or the path where it is told.',
      default: true,
    })
    .optional(),
});

const targetObject = z.strictObject({
  upstream: text('Name of a listed upstream.'),
  model: text('The upstream’s model id. Leave it out for the public name, or for what `*` matched.'),
  weight: z
    .number()
    .min(0)
    .max(1e6)
    .meta({ description: 'Share of the requests among the targets of one tier.', default: 1 })
    .optional(),
  tier: tier('Default: the upstream’s tier.'),
  defaults: z
    .record(z.string(), z.unknown())
    .meta({ description: 'Request fields set when the client did not send them.' })
    .optional(),
  contextTokens: count('Prompt and answer together; only when the provider’s table does not know or is wrong.'),
  outputTokens: count('Longest answer.'),
  tools: flag('Can call tools.'),
  vision: flag('Can see images.'),
  jsonSchema: flag('Can answer by a JSON schema.'),
});

const target = z.union([
  z.string().min(1).meta({ description: '`upstream/model`, or `upstream` for the same model name.' }),
  targetObject,
]);

const degrade = z
  .strictObject({
    capTokens: count('Longest answer of the batch lane, in tokens. Leave it out for no cap.'),
    staleAnswers: flag('Answer with what was kept of an earlier answer, where something was.', false),
    semantic: flag('Answer with what a similar question was answered, when nobody can answer.', false),
    cheaper: text('Public name of a model that is asked too, when its own targets are full.'),
    defaultAnswer: text('Said instead of an answer.'),
    shed: flag('Refuse at once.', false),
  })
  .meta({ description: 'What may be done to answers in overload, mildest first. Left out: nothing.' })
  .optional();

const model = z.strictObject({
  targets: z
    .array(target)
    .min(1)
    .max(limits.targetsPerModelMax)
    .meta({ description: 'Who may answer: tier by tier, by weight inside a tier.' })
    .optional(),
  aliases: names('Other names for this model.'),
  timeouts: modelTimeouts.meta({ description: 'Instead of the file’s `timeouts`, setting by setting.' }).optional(),
  dropParams: flag('Drop request parameters that a target cannot take, instead of refusing.', false),
  failoverOnContentFilter: flag('Ask the next target when a content policy refused.', false),
  holdToolCalls: flag('Keep an unfinished tool call back while another target could make it anew.', true),
  degrade,
  cache,
});

const key = z.strictObject({
  key: text('The secret clients send. Write `${NAME}` to take it from the environment.'),
  keySha256: text('SHA-256 of the secret in hex, instead of `key`.'),
  name: text('Shown in logs and metrics. Default: `key-` and the first 8 digits of the SHA-256.'),
  lane: z.enum(lanes).meta({ description: 'Priority: vip, standard, batch.', default: 'standard' }).optional(),
  models: names('Public names and patterns this key may use. Leave it out for all.'),
  regions: names('Only upstreams in these regions. Leave it out for all.'),
  limits: z
    .strictObject({
      requestsPerMinute: requestsPerMinute('from this key'),
      tokensPerMinute: tokensPerMinute('from this key'),
      maxConcurrent: count('Requests in flight at once. Leave it out for no limit.'),
    })
    .meta({ description: 'What this key may use.' })
    .optional(),
});

const lane = z
  .strictObject({
    firstTokenMs: whole('How soon an answer should begin. Default: three quarters of the model’s `queueMs`.', {
      min: 1,
      max: MS_MAX,
    }),
  })
  .meta({ description: 'What its callers may expect; `degrade` is measured by it.' })
  .optional();

const retry = z
  .strictObject({
    maxAttempts: whole(
      'Sends per request over all targets, the first included.',
      { min: 1, max: limits.attemptsMax },
      defaultRetry.maxAttempts,
    ),
    budgetPercent: percent(
      'Resends to the same upstream, as a share of the tokens sent to it; 0 never resends.',
      defaultRetry.budgetPercent,
      0,
    ),
    hedgePercent: percent(
      'Second upstreams asked for a vip whose first token is late, as a share of the vips’ sends; 0 never asks.',
      defaultRetry.hedgePercent,
      0,
    ),
    backoffMs: ms('First wait before a resend; doubles each time, with jitter.', defaultRetry.backoffMs),
    backoffMsMax: ms('Longest wait before a resend.', defaultRetry.backoffMsMax),
  })
  .meta({ description: 'When a send fails.' })
  .optional();

const breaker = z
  .strictObject({
    consecutiveFailures: count('Failures in a row that open it.', defaultBreaker.consecutiveFailures),
    failurePercent: percent('Share of failures in the window that opens it.', defaultBreaker.failurePercent, 1),
    minimumSends: count('Fewest sends in the window before the share counts.', defaultBreaker.minimumSends),
    windowMs: ms('Length of the window.', defaultBreaker.windowMs, 1_000),
    openMs: ms('How long it stays open at first; doubles with each failed probe.', defaultBreaker.openMs),
    openMsMax: ms('How long it stays open at most.', defaultBreaker.openMsMax),
  })
  .meta({ description: 'When a target is left alone because it keeps failing.' })
  .optional();

const redis = z
  .strictObject({
    url: text('One server: `redis://user:password@host:6379/0`; `rediss://` with TLS. REDIS_URL overrides it.'),
    nodes: names('Some nodes of a cluster, `host:6379` each; the others are found through them.'),
    username: text('User to log in as, where the URL names none.'),
    password: text('Password, where the URL has none.'),
    caFile: text('PEM file with the authority to trust besides the system’s.'),
    prefix: text('Before every key and channel, so that installations can share a server. Default: spillway.'),
    timeoutMs: whole('Longest a request waits for it.', { min: 5, max: 1_000 }, defaultRedis.timeoutMs),
  })
  .meta({ description: 'A Redis or Redis Cluster in which gateways share what they keep.' })
  .optional();

const tls = z
  .strictObject({
    certFile: text('PEM file with the certificate and its chain; relative to this file.'),
    keyFile: text('PEM file with its private key; relative to this file.'),
  })
  .meta({ description: 'Serve HTTPS instead of HTTP, on every port.' })
  .optional();

const cors = z
  .strictObject({
    origins: names('Origins browsers may call from, `https://app.example.com`; `*` for all.'),
    maxAgeSeconds: whole('How long browsers remember the answer.', { min: 0, max: 86_400 }, defaultCors.maxAgeSeconds),
  })
  .meta({ description: 'Let browsers call from other origins. Off when left out.' })
  .optional();

const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .meta({ description: 'Least level that is logged.', default: defaultLogLevel })
      .optional(),
  })
  .meta({ description: 'The log on standard output.' })
  .optional();

const telemetry = z
  .strictObject({
    otlpEndpoint: text('OTLP/HTTP base URL. Default: OTEL_EXPORTER_OTLP_ENDPOINT; traces are off when neither is set.'),
    sampleRatio: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Share of requests traced when the caller did not decide.', default: defaultSampleRatio })
      .optional(),
  })
  .meta({ description: 'Traces over OTLP.' })
  .optional();

export const fileSchema = z.strictObject({
  $schema: z.string().meta({ description: 'For editors; Spillway ignores it.' }).optional(),
  host: z
    .string()
    .min(1)
    .meta({ description: 'Address to listen on. The variable HOST overrides it.', default: defaultServer.host })
    .optional(),
  port: port('Port to listen on; 0 takes any free one. The variable PORT overrides it.', defaultServer.port),
  open: flag('Serve without `keys` on a host that is not loopback.', defaultServer.open),
  adminKey: text('Secret for /admin. Without it /admin answers only to this machine.'),
  adminPort: port('Port of its own for /admin (and /metrics); the main port serves no /admin then.'),
  tls,
  lane: z
    .enum(['off', 'on'])
    .meta({
      description: 'Spillway’s own HTTP/1.1 path, cheaper than node:http and undici.',
      default: defaultServer.lane,
    })
    .optional(),
  workers: z
    .union([z.literal('auto'), z.int().min(1).max(limits.workersMax)])
    .meta({
      description: 'Processes that serve behind one port; auto: one per core.',
      default: defaultServer.workers,
    })
    .optional(),
  drainMs: ms('How long a stop waits for requests in flight; 0 does not wait.', defaultServer.drainMs, 0),
  stateDir: z
    .string()
    .min(1)
    .nullable()
    .meta({ description: 'Where what was learned outlives a restart; null keeps it in memory. Default: see the docs.' })
    .optional(),
  upstreams: z
    .record(z.string(), upstream)
    .meta({ description: 'Accounts and endpoints. Left out: those found in the environment, and the demo.' })
    .optional(),
  models: z.record(z.string(), model).meta({ description: 'Public names and patterns, and who answers.' }).optional(),
  keys: z.array(key).min(1).meta({ description: 'Who may call. Left out: anybody on loopback.' }).optional(),
  lanes: z
    .strictObject({ vip: lane, standard: lane, batch: lane })
    .meta({ description: 'Objectives by lane.' })
    .optional(),
  timeouts: timeouts.meta({ description: 'Deadlines in milliseconds.' }).optional(),
  retry,
  breaker,
  redis,
  signing,
  cors,
  log,
  telemetry,
});

/** The file as zod lets it through: everything optional, all types right. */
export type FileConfig = z.output<typeof fileSchema>;
export type FileUpstream = z.output<typeof upstream>;
export type FileModel = z.output<typeof model>;
export type FileTarget = z.output<typeof target>;
export type FileKey = z.output<typeof key>;
export type FileTimeouts = z.output<typeof timeouts>;
