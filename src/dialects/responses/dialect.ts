// OpenAI's Responses API from its two ends, stateless: nothing is stored, and each request brings the whole conversation.
import type { DoorDialect, FarDialect } from '../dialect.ts';
import { errorBody, readFault } from '../openai/errors.ts';
import { SseParser } from '../sse.ts';
import { chatAnswer, readAnswer } from './answer.ts';
import { writeAnswer } from './answer-writer.ts';
import { ResponsesAssembly } from './assembly.ts';
import { ResponsesFarStream } from './events.ts';
import { readRequest } from './request.ts';
import { ResponsesDoorStream } from './stream.ts';

export const responsesDoor: DoorDialect = {
  name: 'responses',
  requestIdHeader: 'x-request-id',
  readRequest,
  errorStatus: (form) => form.status,
  errorBody,
  stream: (identity) => new ResponsesDoorStream(identity),
  writeAnswer,
};

export const responsesFar: FarDialect = {
  name: 'responses',
  streamType: 'text/event-stream',
  parser: (eventBytesMax) => new SseParser(eventBytesMax),
  stream: () => new ResponsesFarStream(),
  readAnswer: (_surface, body) => readAnswer(body),
  chatAnswer,
  assembly: () => new ResponsesAssembly(),
  readFault,
};
