// Hugging Face's text-generation-inference, its Messages API (docs/openapi.json @003eaec0). One process serves one model,
// no embeddings, one choice, no way to continue a prefix in chat; its errors are strings (the dialect reads them). What its
// schema declares "UNUSED" is refused here, so that nobody believes it works. Not confirmed against a running server.
import { isObject, type JsonValue } from '../kernel/json.ts';
import { able, anything } from './capabilities.ts';
import { withHistory, withoutProofs } from './history.ts';
import { lack, map, openaiOnly, type ParameterRules, prepareBody, renameLimit } from './parameters.ts';
import { selfHosted } from './self-hosted.ts';

const WHO = 'text-generation-inference';

const rules: ParameterRules = {
  ...openaiOnly(WHO),
  // The schema has an array only, and a bare string does not deserialise.
  stop: map((value) => (typeof value === 'string' ? [value] : value)),
  // "`top_p` must be > 0.0 and < 1.0" (router/src/validation.rs @01067f8b); 1, many an SDK's default, says nothing.
  top_p: map((value) => (value === 1 ? undefined : value)),
  max_completion_tokens: renameLimit('max_tokens'),
  n: lack(`${WHO} gives one answer per request`, 1),
  best_of: lack(`${WHO} gives one answer per request`, 1),
  logit_bias: lack(`${WHO} has no logit bias`, {}),
  response_format: map(asGrammar),
};

/** OpenAI's schema format as TGI's grammar `{type: 'json', value: schema}`. */
function asGrammar(format: JsonValue): JsonValue | undefined {
  if (!isObject(format)) return format;
  if (format['type'] === 'text') return undefined;
  const named = format['json_schema'];
  if (format['type'] !== 'json_schema' || !isObject(named)) return format;
  return { type: 'json', value: named['schema'] ?? {} };
}

export const tgi = selfHosted({
  name: 'tgi',
  // 8080 is where its own quick tour puts the container's port.
  defaultBaseUrl: 'http://127.0.0.1:8080/v1',
  metricsPath: '/metrics',
  capabilities: () => ({
    ...anything,
    surfaces: ['chat', 'completions'],
    // JSON without a schema cannot be asked for: its grammars need a value.
    can: able(['prefix', 'manyChoices', 'audio', 'jsonObject']),
  }),
  prepare: (request, model) => withHistory(request, prepareBody(request, model, { rules }), withoutProofs),
});
