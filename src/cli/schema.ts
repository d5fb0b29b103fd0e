// `spillway schema`: the JSON schema of the configuration, for editors:
// `# yaml-language-server: $schema=./spillway.schema.json` on the file's first line.
import { configJsonSchema } from '../adapters/config/shape.ts';
import type { Output } from './output.ts';

export function schema(output: Output): void {
  output.out(JSON.stringify(configJsonSchema(), null, 2));
}
