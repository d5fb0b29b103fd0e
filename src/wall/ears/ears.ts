// Ears: one for each dialect there is.
import type { DialectName } from '../../kernel/dialect-name.ts';
import { anthropic } from './anthropic.ts';
import { converse } from './converse.ts';
import type { Ear } from './ear.ts';
import { openai } from './openai.ts';
import { responses } from './responses.ts';

export const ears = { openai, anthropic, responses, converse } as const satisfies Record<DialectName, Ear>;
