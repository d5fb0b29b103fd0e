// Canonical: what far sides of OpenAI's format say each in their own way, said in one: reasoning is `reasoning_content`, and
// content is text. Only for answers that are translated or go on over a later leg; all others pass as they came.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

/** A chunk (`delta`) of a stream. Answers the same object when nothing differs. */
export const canonicalChunk = (chunk: JsonObject): JsonObject => withChoices(chunk, 'delta');

/** A whole answer (`message`). */
export const canonicalAnswer = (answer: JsonObject): JsonObject => withChoices(answer, 'message');

function withChoices(body: JsonObject, field: 'delta' | 'message'): JsonObject {
  const choices = body['choices'];
  if (!Array.isArray(choices)) return body;
  const changed = choices.map((choice) => {
    const said = isObject(choice) ? choice[field] : undefined;
    if (!isObject(choice) || !isObject(said)) return choice;
    const canonical = canonicalSaid(said);
    return canonical === said ? choice : { ...choice, [field]: canonical };
  });
  return changed.every((choice, index) => choice === choices[index]) ? body : { ...body, choices: changed };
}

function canonicalSaid(said: JsonObject): JsonObject {
  if (said['reasoning'] === undefined && !Array.isArray(said['content'])) return said;
  const { reasoning, ...rest } = said;
  const parts = textsOf(rest['content']);
  const thoughts = [rest['reasoning_content'], reasoning, parts?.thinking].find(isFilled);
  return {
    ...rest,
    ...(parts === null ? {} : { content: parts.text === '' ? null : parts.text }),
    ...(thoughts === undefined ? {} : { reasoning_content: thoughts }),
  };
}

const isFilled = (value: JsonValue | undefined): value is string => typeof value === 'string' && value !== '';

/** Mistral's list of parts, of which `thinking` ones are reasoning; null when the content is no list. */
function textsOf(content: JsonValue | undefined): { readonly text: string; readonly thinking: string } | null {
  if (!Array.isArray(content)) return null;
  let text = '';
  let thinking = '';
  for (const part of content) {
    if (!isObject(part)) continue;
    if (typeof part['text'] === 'string') text += part['text'];
    const thoughts = part['thinking'];
    if (typeof thoughts === 'string') thinking += thoughts;
    else thinking += textsOf(thoughts)?.text ?? '';
  }
  return { text, thinking };
}
