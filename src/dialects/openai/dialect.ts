// OpenAI's wire format from its two ends: the door callers speak to, and the far side of every provider that speaks it.
import type { DoorDialect, FarDialect } from '../dialect.ts';
import { readAnswer } from './answer.ts';
import { ChatAssembly } from './assembly.ts';
import { errorBody, errorEvent, readFault } from './errors.ts';
import { endEvent, readEvent, usageEvent } from './events.ts';
import { readRequest } from './request.ts';
import { speller } from './speller.ts';

export const openaiDoor: DoorDialect = {
  name: 'openai',
  readRequest,
  errorBody,
  errorEvent,
  usageEvent,
  endEvent,
  speller,
};

export const openaiFar: FarDialect = {
  name: 'openai',
  readEvent,
  readAnswer,
  readFault,
  assembly: () => new ChatAssembly(),
};
