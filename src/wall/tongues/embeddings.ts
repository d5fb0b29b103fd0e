// Embeddings: the same short vector for every input, in the form that was asked for.
import type { Turn } from '../turn.ts';
import { promptTokens } from './tongue.ts';
import type { Fields } from './tongue.ts';

const VECTOR = [0.125, -0.5, 0.75, 1] as const;

export function embeddings(turn: Turn): Fields {
  const { input, encoding_format: format } = turn.asked.body;
  const floats = Float32Array.from(VECTOR);
  const embedding = format === 'base64' ? Buffer.from(floats.buffer).toString('base64') : VECTOR;
  const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input];
  const tokens = promptTokens(turn);
  return {
    object: 'list',
    data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
    model: turn.asked.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
