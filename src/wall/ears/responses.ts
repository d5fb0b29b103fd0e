// OpenAI's Responses, as the wall hears them: a conversation is a list of items, and only some of them are messages.
import type { JsonObject } from '../../kernel/json.ts';
import { type Ear, formatOf, joinedText, Notes, numberOf, objectOf, objectsOf, partsOf, textOf } from './ear.ts';

export const responses: Ear = (body) => {
  const notes = new Notes();
  notes.says('system', body['instructions']);
  if (typeof body['input'] === 'string') notes.says('user', body['input']);
  for (const item of objectsOf(body['input'])) hear(notes, item);
  return notes.understood({
    toolNames: objectsOf(body['tools']).map((tool) => textOf(tool['name'])),
    json: formatOf(objectOf(body['text'])['format']),
    maxTokens: numberOf(body['max_output_tokens']),
    temperature: numberOf(body['temperature']),
  });
};

function hear(notes: Notes, item: JsonObject): void {
  switch (textOf(item['type'] ?? 'message')) {
    case 'function_call':
      return notes.calls(item['call_id'], item['name'], item['arguments']);
    case 'function_call_output':
      return listen(notes, item);
    case 'reasoning':
      return notes.thinks(joinedText([...objectsOf(item['summary']), ...objectsOf(item['content'])]));
    case 'message':
      return attend(notes, item);
  }
}

function listen(notes: Notes, item: JsonObject): void {
  const parts = partsOf(item['output'], 'input_text');
  notes.returns(item['call_id'], joinedText(parts));
  for (const part of parts) if (part['type'] === 'input_image') notes.shows(part['image_url']);
}

function attend(notes: Notes, message: JsonObject): void {
  const said = textOf(message['role']);
  const role = said === 'developer' ? 'system' : said;
  for (const part of partsOf(message['content'], 'input_text')) {
    if (part['type'] === 'input_image') notes.shows(part['image_url']);
    else notes.says(role, part['text']);
  }
}
