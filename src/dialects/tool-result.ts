// Tool result: what a tool gave back, as the canonical chat says it. OpenAI's tool messages take text only, so pictures and
// files follow in a user's message that names the call; both doors that know such results say it through here.
import type { JsonObject, JsonValue } from '../kernel/json.ts';

export interface ToolResult {
  /** The `tool` message. */
  readonly message: JsonObject;
  /** Parts for a user's message behind it (and behind the results beside it); empty when the result is text. */
  readonly attached: readonly JsonObject[];
}

/** `told`: turns the text into what the model shall read of it. */
export function toolResult(
  id: JsonValue | undefined,
  parts: readonly JsonObject[],
  told: (text: string) => string = (text) => text,
): ToolResult {
  const files = parts.filter((part) => part['type'] !== 'text');
  const texts = parts.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []));
  const name = typeof id === 'string' ? id : 'the call';
  if (files.length > 0) texts.push(`The result of ${name} follows as an attachment.`);
  const written = texts.filter((text, index) => text !== '' || index > 0).join('\n');
  return {
    message: { role: 'tool', tool_call_id: id, content: told(written) },
    attached: files.length === 0 ? [] : [{ type: 'text', text: `Result of ${name}:` }, ...files],
  };
}
