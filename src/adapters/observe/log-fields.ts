// Log fields: the ECS form of attempts and changes of state. Flat dotted names, as ECS allows; ECS and gen_ai names where
// they exist, `spillway.*` for the rest. A field that says nothing is undefined, which pino leaves out.
// Strings that came from outside must be clipped here; pino's JSON escaping makes them harmless.
import type { AttemptFact, Fact } from '../../kernel/facts.ts';
import { clip, genAiProvider, operationNames } from './words.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A change of state as a line. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Wall time in ms; null: about now. */
  readonly at: number | null;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type StateFact = Exclude<Fact, { kind: 'exchange' | 'attempt' }>;

const NAME_CHARACTERS_MAX = 256;
const MESSAGE_CHARACTERS_MAX = 1000;
const NANOSECONDS_PER_MS = 1e6;

export function attemptFields(attempt: AttemptFact): Readonly<Record<string, unknown>> {
  const { usage } = attempt;
  return {
    'event.action': 'attempt',
    'event.duration': Math.round(attempt.durationMs * NANOSECONDS_PER_MS),
    'event.outcome': attempt.fault === null ? 'success' : 'failure',
    'http.response.status_code': attempt.status ?? undefined,
    'gen_ai.operation.name': operationNames[attempt.surface],
    'gen_ai.provider.name': genAiProvider(attempt.provider),
    'gen_ai.usage.input_tokens': usage?.promptTokens,
    'gen_ai.usage.output_tokens': usage?.completionTokens,
    'error.type': attempt.fault ?? undefined,
    'error.message': message(attempt.faultMessage),
    'spillway.exchange': attempt.exchange,
    'spillway.attempt': attempt.number,
    'spillway.model': short(attempt.model),
    'spillway.target': short(attempt.target),
    'spillway.tier': attempt.tier,
    'spillway.first_token_ms': attempt.firstTokenMs === null ? undefined : milliseconds(attempt.firstTokenMs),
    'spillway.keep_alives': attempt.keepAlives,
  };
}

export function stateRecord(fact: StateFact): LogRecord {
  const { level, text, fields } = describe(fact);
  const action = { 'event.action': fact.kind };
  return { level, at: fact.at, message: clip(text, MESSAGE_CHARACTERS_MAX), fields: { ...action, ...fields } };
}

interface Description {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function describe(fact: StateFact): Description {
  switch (fact.kind) {
    case 'breaker':
      return {
        level: fact.to === 'open' ? 'warn' : 'info',
        text: `breaker of ${fact.target}: ${fact.from} → ${fact.to} (${fact.why})`,
        fields: { 'spillway.target': fact.target, 'spillway.breaker.from': fact.from, 'spillway.breaker.to': fact.to },
      };
    case 'credential':
      return {
        level: fact.restMs > 0 ? 'warn' : 'info',
        text: `credential ${fact.ordinal} of ${fact.upstream} ${restText(fact.restMs)} (${fact.why})`,
        fields: {
          'spillway.upstream': fact.upstream,
          'spillway.credential.ordinal': fact.ordinal,
          'spillway.credential.rest_ms': fact.restMs,
        },
      };
    case 'health':
      return {
        level: fact.healthy ? 'info' : 'warn',
        text: `upstream ${fact.upstream} is ${fact.healthy ? 'healthy' : 'unhealthy'} (${fact.why})`,
        fields: { 'spillway.upstream': fact.upstream, 'spillway.healthy': fact.healthy },
      };
    case 'config':
      return {
        level: fact.accepted ? 'info' : 'error',
        text: `${configText(fact)}${fact.notes.length === 0 ? '' : `: ${fact.notes.join('; ')}`}`,
        fields: {
          'spillway.config.accepted': fact.accepted,
          'spillway.config.version': fact.version,
          'spillway.config.source': fact.source,
          'spillway.config.notes': fact.notes.map((note) => clip(note, MESSAGE_CHARACTERS_MAX)),
        },
      };
    case 'state':
      return {
        level: 'info',
        text: `${fact.state}: ${fact.why}`,
        fields: { 'spillway.state': fact.state },
      };
    case 'trouble':
      return { level: 'warn', text: `${fact.where}: ${fact.why}`, fields: { 'spillway.where': fact.where } };
    case 'pressure':
      return {
        level: fact.sheds.length > 0 ? 'warn' : 'info',
        text: `under pressure: ${fact.sheds.length > 0 ? fact.sheds.join(' and ') : 'nothing'} is shed (${fact.why})`,
        fields: { 'spillway.pressure.sheds': fact.sheds },
      };
    case 'degradation':
      return {
        level: fact.level > 0 ? 'warn' : 'info',
        text: `answers of ${fact.model} in lane ${fact.lane} at level ${fact.level} (${fact.why})`,
        fields: {
          'spillway.model': short(fact.model),
          'spillway.lane': fact.lane,
          'spillway.degradation.level': fact.level,
        },
      };
    case 'comparison':
      return comparisonDescription(fact);
    case 'semantic':
      return semanticDescription(fact);
    case 'bug':
      break;
  }
  return bugDescription(fact);
}

const bugDescription = ({ where, error }: StateFact & { kind: 'bug' }): Description => ({
  level: 'error',
  text: `bug in ${where}: ${error}`,
  fields: { 'error.type': 'bug', 'error.message': message(error), 'spillway.where': where },
});

const comparisonDescription = ({ model, likeness, agreed }: StateFact & { kind: 'comparison' }): Description => ({
  level: 'debug',
  text: `similar questions of ${model}, alike by ${likeness.toFixed(3)}: answers ${agreed ? 'agree' : 'differ'}`,
  fields: {
    'spillway.model': short(model),
    'spillway.semantic.likeness': milliseconds(likeness),
    'spillway.semantic.agreed': agreed,
  },
});

const semanticWords = {
  serving: 'are given each other’s answers',
  shadow: 'are not given each other’s answers: all are compared again',
  off: 'are not looked at any more until the configuration is loaded again',
} as const;

function semanticDescription(fact: StateFact & { kind: 'semantic' }): Description {
  const bound = `${(fact.errorBound * 100).toFixed(2)} %`;
  return {
    level: fact.state === 'serving' ? 'info' : 'warn',
    text: `similar questions of ${fact.model} ${semanticWords[fact.state]} (${fact.wrong} of ${fact.compared} wrong, at most ${bound})`,
    fields: {
      'spillway.model': short(fact.model),
      'spillway.semantic.state': fact.state,
      'spillway.semantic.compared': fact.compared,
      'spillway.semantic.wrong': fact.wrong,
      'spillway.semantic.error_bound': fact.errorBound,
    },
  };
}

function restText(restMs: number): string {
  return restMs > 0 ? `rests for ${Math.ceil(restMs / 1000)} s` : 'is back';
}

function configText(fact: Fact & { kind: 'config' }): string {
  return fact.accepted
    ? `config ${fact.version} loaded from ${fact.source}`
    : `config from ${fact.source} refused, version ${fact.version} stays`;
}

function short(name: string | null): string | undefined {
  return name === null ? undefined : clip(name, NAME_CHARACTERS_MAX);
}

function message(text: string | null): string | undefined {
  return text === null ? undefined : clip(text, MESSAGE_CHARACTERS_MAX);
}

function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
