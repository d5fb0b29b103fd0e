// Tools and their choice as Converse writes them. It has no word for "none": without tools none can be called, but Bedrock
// refuses a history that holds calls when no tools are given.
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { ConverseManner } from './manner.ts';
import { cachePoint, type Conversation } from './messages-writer.ts';
import type { Lack } from './request-writer.ts';

interface Tools {
  /** Null: none. */
  readonly config: JsonObject | null;
  /** For `additionalModelRequestFields`. */
  readonly fields: JsonObject;
}

const noTools: Tools = { config: null, fields: {} };

export function writeTools(body: JsonObject, conversation: Conversation, manner: ConverseManner, lacks: Lack[]): Tools {
  const declared = Array.isArray(body['tools']) ? body['tools'] : [];
  const tools = declared.flatMap((tool, index) => writeTool(tool, `tools[${index}]`, manner, lacks));
  const choice = body['tool_choice'] ?? 'auto';
  if (tools.length === 0) {
    if (conversation.called.length === 0) return noTools;
    lacks.push({ param: 'tools', why: 'Bedrock wants them declared when the history holds calls' });
    // Whoever lets parameters be dropped gets what comes closest.
    return { config: { tools: conversation.called.map(undeclared) }, fields: {} };
  }
  if (choice === 'none') {
    if (conversation.called.length === 0) return noTools;
    lacks.push({ param: 'tool_choice', why: 'Converse cannot forbid tools when the history holds calls' });
    return { config: { tools }, fields: {} };
  }
  const written = writeChoice(choice);
  if (written === null)
    lacks.push({ param: 'tool_choice', why: 'Converse knows auto, required and one function by name' });
  const config = { tools, ...(written === null || choice === 'auto' ? {} : { toolChoice: written }) };
  if (body['parallel_tool_calls'] !== false) return { config, fields: {} };
  if (manner.isClaude && written !== null) return { config, fields: { tool_choice: oneAtATime(written) } };
  lacks.push({ param: 'parallel_tool_calls', why: 'Converse cannot keep this model to one call at a time' });
  return { config, fields: {} };
}

function writeTool(tool: JsonValue, param: string, manner: ConverseManner, lacks: Lack[]): JsonObject[] {
  const declared = isObject(tool) ? tool['function'] : null;
  if (!isObject(tool) || !isObject(declared)) {
    lacks.push({ param: `${param}.type`, why: 'Converse knows functions only' });
    return [];
  }
  const { name, description, parameters, strict } = declared;
  if (strict === true && !manner.strictTools) {
    lacks.push({ param: `${param}.function.strict`, why: 'this model cannot be kept to a schema through Converse' });
  }
  const toolSpec = {
    name,
    // Blank ones are refused.
    ...(typeof description === 'string' && description.trim() !== '' ? { description } : {}),
    inputSchema: { json: isObject(parameters) ? parameters : { type: 'object', properties: {} } },
    ...(strict === true && manner.strictTools ? { strict } : {}),
  };
  return [{ toolSpec }, ...cachePoint(tool['cache_control'], manner)];
}

const undeclared = (name: string): JsonObject => ({ toolSpec: { name, inputSchema: { json: { type: 'object' } } } });

function writeChoice(choice: JsonValue): JsonObject | null {
  if (choice === 'auto') return { auto: {} };
  if (choice === 'required' || choice === 'any') return { any: {} };
  const named = isObject(choice) ? choice['function'] : null;
  return isObject(named) && typeof named['name'] === 'string' ? { tool: { name: named['name'] } } : null;
}

/** In the words of Claude's own API, which override Converse's. */
function oneAtATime(choice: JsonObject): JsonObject {
  const { tool } = choice;
  const free = choice['any'] === undefined ? 'auto' : 'any';
  const own = isObject(tool) ? { type: 'tool', name: tool['name'] } : { type: free };
  return { ...own, disable_parallel_tool_use: true };
}
