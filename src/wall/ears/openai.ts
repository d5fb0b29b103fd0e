// OpenAI's chat completions, and the older text completions, as the wall hears them.
import type { JsonObject } from '../../kernel/json.ts';
import { type Ear, formatOf, joinedText, Notes, numberOf, objectOf, objectsOf, partsOf, textOf } from './ear.ts';

export const openai: Ear = (body) => {
  const notes = new Notes();
  notes.says('user', body['prompt']);
  for (const message of objectsOf(body['messages'])) hear(notes, message);
  return notes.understood({
    toolNames: objectsOf(body['tools']).map((tool) => textOf(objectOf(tool['function'])['name'])),
    json: formatOf(body['response_format']),
    maxTokens: numberOf(body['max_completion_tokens'] ?? body['max_tokens']),
    temperature: numberOf(body['temperature']),
  });
};

function hear(notes: Notes, message: JsonObject): void {
  const said = textOf(message['role']);
  const role = said === 'developer' ? 'system' : said;
  const parts = partsOf(message['content'], 'text');
  if (role === 'tool') return notes.returns(message['tool_call_id'], joinedText(parts));
  notes.thinks(message['reasoning_content'] ?? message['reasoning']);
  for (const part of parts) {
    if (part['type'] === 'text') notes.says(role, part['text']);
    if (part['type'] === 'image_url') notes.shows(objectOf(part['image_url'])['url']);
  }
  for (const call of objectsOf(message['tool_calls'])) {
    const asked = objectOf(call['function']);
    notes.calls(call['id'], asked['name'], asked['arguments']);
  }
}
