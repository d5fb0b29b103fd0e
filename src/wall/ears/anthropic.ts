// Anthropic's Messages, as the wall hears them.
import type { JsonObject } from '../../kernel/json.ts';
import { type Ear, formatOf, joinedText, Notes, numberOf, objectOf, objectsOf, partsOf, textOf } from './ear.ts';

export const anthropic: Ear = (body) => {
  const notes = new Notes();
  for (const block of partsOf(body['system'], 'text')) notes.says('system', block['text']);
  for (const message of objectsOf(body['messages'])) {
    for (const block of partsOf(message['content'], 'text')) hear(notes, textOf(message['role']), block);
  }
  return notes.understood({
    toolNames: objectsOf(body['tools']).map((tool) => textOf(tool['name'])),
    json: formatOf(objectOf(body['output_config'])['format'] ?? body['output_format']),
    maxTokens: numberOf(body['max_tokens']),
    temperature: numberOf(body['temperature']),
  });
};

function hear(notes: Notes, role: string, block: JsonObject): void {
  switch (textOf(block['type'])) {
    case 'text':
      return notes.says(role, block['text']);
    case 'thinking':
      return notes.thinks(block['thinking']);
    case 'tool_use':
      return notes.calls(block['id'], block['name'], block['input']);
    case 'image':
      return see(notes, objectOf(block['source']));
    case 'tool_result': {
      const parts = partsOf(block['content'], 'text');
      notes.returns(block['tool_use_id'], joinedText(parts));
      for (const part of parts) if (part['type'] === 'image') see(notes, objectOf(part['source']));
    }
  }
}

function see(notes: Notes, source: JsonObject): void {
  if (source['type'] === 'base64') notes.showsBytes(textOf(source['media_type']), textOf(source['data']));
  if (source['type'] === 'url') notes.shows(source['url']);
}
