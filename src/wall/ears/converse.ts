// Bedrock's Converse, as the wall hears it: what a block is, its only member says.
import type { JsonObject } from '../../kernel/json.ts';
import { type Ear, formatOf, joinedText, Notes, numberOf, objectOf, objectsOf, textOf } from './ear.ts';

export const converse: Ear = (body) => {
  const notes = new Notes();
  const limits = objectOf(body['inferenceConfig']);
  for (const block of objectsOf(body['system'])) notes.says('system', block['text']);
  for (const message of objectsOf(body['messages'])) {
    for (const block of objectsOf(message['content'])) hear(notes, textOf(message['role']), block);
  }
  return notes.understood({
    toolNames: objectsOf(objectOf(body['toolConfig'])['tools']).flatMap((tool) => {
      const name = textOf(objectOf(tool['toolSpec'])['name']);
      return name === '' ? [] : [name];
    }),
    json: formatOf(objectOf(body['outputConfig'])['textFormat']),
    maxTokens: numberOf(limits['maxTokens']),
    temperature: numberOf(limits['temperature']),
  });
};

function hear(notes: Notes, role: string, block: JsonObject): void {
  const { text, image, toolUse, toolResult, reasoningContent } = block;
  notes.says(role, text);
  notes.thinks(objectOf(objectOf(reasoningContent)['reasoningText'])['text']);
  if (image !== undefined) see(notes, objectOf(image));
  if (toolUse !== undefined) {
    const { toolUseId, name, input } = objectOf(toolUse);
    notes.calls(toolUseId, name, input);
  }
  if (toolResult !== undefined) {
    const { toolUseId, content } = objectOf(toolResult);
    const parts = objectsOf(content);
    notes.returns(toolUseId, joinedText(parts) + parts.map(jsonOf).join(''));
    for (const part of parts) if (part['image'] !== undefined) see(notes, objectOf(part['image']));
  }
}

const jsonOf = ({ json }: JsonObject): string => (json === undefined ? '' : JSON.stringify(json));

function see(notes: Notes, { format, source }: JsonObject): void {
  notes.showsBytes(`image/${textOf(format)}`, textOf(objectOf(source)['bytes']));
}
