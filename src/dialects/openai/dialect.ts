// OpenAI's wire format from its two ends: the door callers speak to, and the far side of every provider that speaks it.
import { utf8Encode } from '../../kernel/web.ts';
import type { DoorDialect, FarDialect } from '../dialect.ts';
import { SseParser } from '../sse.ts';
import { chatAnswer, readAnswer } from './answer.ts';
import { ChatAssembly } from './assembly.ts';
import { errorBody, readFault } from './errors.ts';
import { ChatFarStream } from './events.ts';
import { readRequest } from './request.ts';
import { ChatDoorStream } from './stream.ts';

export const openaiDoor: DoorDialect = {
  name: 'openai',
  requestIdHeader: 'x-request-id',
  readRequest,
  errorStatus: (form) => form.status,
  errorBody,
  stream: (identity) => new ChatDoorStream(identity),
  writeAnswer: (answer, { id, created, model }) => utf8Encode(JSON.stringify({ id, created, model, ...answer })),
};

export const openaiFar: FarDialect = {
  name: 'openai',
  streamType: 'text/event-stream',
  parser: (eventBytesMax) => new SseParser(eventBytesMax),
  stream: () => new ChatFarStream(),
  readAnswer,
  chatAnswer,
  readFault,
  assembly: () => new ChatAssembly(),
};
