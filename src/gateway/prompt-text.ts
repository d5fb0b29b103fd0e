// The beginning of a prompt as text, for finding the target that has read it before. Never kept, never logged.
import { isObject, type JsonObject } from '../kernel/json.ts';

/** As much as is compared. */
const CHARACTERS_MAX = 131_072;

export function promptText({ messages, prompt }: JsonObject): string {
  if (typeof prompt === 'string') return prompt.slice(0, CHARACTERS_MAX);
  if (!Array.isArray(messages)) return '';
  let text = '';
  for (const message of messages) {
    if (!isObject(message)) continue;
    const { role, content } = message;
    text += `${typeof role === 'string' ? role : ''}\n${typeof content === 'string' ? content : JSON.stringify(content ?? null)}\n`;
    if (text.length >= CHARACTERS_MAX) break;
  }
  return text.slice(0, CHARACTERS_MAX);
}
