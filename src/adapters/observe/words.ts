// Words: what logs, metrics and traces call the same thing. They follow OpenTelemetry's GenAI conventions where those
// have a word, so that dashboards made for other gateways and model servers read ours.
// Nothing here may hold state or know one of the three technologies.
import type { ExchangeFact, TrailStep } from '../../kernel/facts.ts';
import type { Surface } from '../../kernel/lane.ts';

/** `gen_ai.operation.name`. */
export const operationNames = {
  chat: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  countTokens: 'count_tokens',
} as const satisfies Record<Surface, string>;

const providerNames: Readonly<Record<string, string>> = {
  mistral: 'mistral_ai',
  'azure-openai': 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
};

/** `gen_ai.provider.name`: the convention's word where it has one, else our own. */
export function genAiProvider(provider: string): string {
  return providerNames[provider] ?? provider;
}

/** `error.type`: the kind of our own no, or of the upstream's trouble; null when all went well or the client left. */
export function errorType(exchange: ExchangeFact): string | null {
  if (exchange.outcome === 'answered' || exchange.outcome === 'abandoned') return null;
  if (exchange.outcome === 'rejected') return exchange.rejection ?? exchange.fault;
  // Failed: the rejection says what the client was told, the fault what happened.
  return exchange.fault ?? exchange.rejection;
}

/** Did the gateway or an upstream let the caller down? The caller's own mistakes (4xx but 429) do not count. */
export function wentWrong(exchange: ExchangeFact): boolean {
  const { outcome, status } = exchange;
  if (status >= 500) return true;
  // Once an answer has begun its status is 200, and trouble comes in-band.
  return outcome === 'failed' && (status < 400 || status === 429);
}

/** Why an exchange was refused or failed: the words of the last fault or refusal in its trail. */
export function troubleOf(exchange: ExchangeFact): string | null {
  if (exchange.outcome === 'answered' || exchange.outcome === 'abandoned') return null;
  // The trail ends with the outcome itself, which only repeats the status.
  const statusOnly = `status ${exchange.status}`;
  const telling = exchange.trail.findLast(
    ({ step, why }) => (step === 'fault' || step === 'rejected') && why !== statusOnly,
  );
  return telling?.why ?? null;
}

/** `+12ms sent deepseek/deepseek-chat: first in tier base`. */
export function trailLine(step: TrailStep): string {
  const target = step.target === null ? '' : ` ${step.target}`;
  const why = step.why === '' ? '' : `: ${step.why}`;
  return clip(`+${Math.round(step.atMs)}ms ${step.step}${target}${why}`, 300);
}

/** Clients choose names and upstreams choose messages: neither may decide how long a line, label or attribute gets. */
export function clip(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}

/** `2026-11-24T10:20:30.123Z`; the epoch when a broken clock makes it no time at all. */
export function isoTime(wallMs: number): string {
  return new Date(Number.isFinite(wallMs) && Math.abs(wallMs) < 8e15 ? wallMs : 0).toISOString();
}
