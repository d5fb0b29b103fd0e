// Tongues: one for each dialect there is.
import type { DialectName } from '../../kernel/dialect-name.ts';
import { anthropic } from './anthropic.ts';
import { converse } from './converse.ts';
import { openai } from './openai.ts';
import { responses } from './responses.ts';
import type { Tongue } from './tongue.ts';

export const tongues = { openai, anthropic, responses, converse } as const satisfies Record<DialectName, Tongue>;
