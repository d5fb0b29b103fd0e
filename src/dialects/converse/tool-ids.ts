// Ids of tool calls as Bedrock takes them: up to 64 letters, digits, `_` and `-`; Mistral's models want nine letters and digits.
// What does not fit gets a number.
import { ToolIds } from '../tool-ids.ts';

const BEDROCK = /^[a-zA-Z0-9_-]{1,64}$/;
const MISTRAL = /^[a-zA-Z0-9]{9}$/;

export function toolIds(short: boolean): ToolIds {
  let numbered = 0;
  return new ToolIds(short ? MISTRAL : BEDROCK, () => `call${String(numbered++).padStart(5, '0')}`);
}
