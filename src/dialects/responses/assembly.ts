// Assembly: a gathered stream's last event carries the whole Response object, so that object is the answer. Some far sides
// leave its output empty there; then the finished items that went before it are put in their places.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { Assembly } from '../dialect.ts';

export class ResponsesAssembly implements Assembly {
  #response: JsonObject = {};
  readonly #items: JsonObject[] = [];

  add(data: string): void {
    const event = JSON.parse(data) as JsonValue;
    if (!isObject(event)) return;
    if (isObject(event['response'])) this.#response = event['response'];
    if (event['type'] === 'response.output_item.done' && isObject(event['item'])) this.#items.push(event['item']);
  }

  whole(): Uint8Array {
    const { output } = this.#response;
    const isEmpty = !Array.isArray(output) || output.length === 0;
    return utf8Encode(JSON.stringify(isEmpty ? { ...this.#response, output: this.#items } : this.#response));
  }
}
