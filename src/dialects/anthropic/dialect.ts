// Anthropic's Messages API from its two ends: the door its callers speak to, and the far side of Claude wherever it is served
// in this format.
import type { DoorDialect, FarDialect } from '../dialect.ts';
import { SseParser } from '../sse.ts';
import { chatAnswer, readAnswer, writeAnswer } from './answer.ts';
import { MessageAssembly } from './assembly.ts';
import { errorBody, errorStatus, readFault } from './errors.ts';
import { MessageFarStream } from './events.ts';
import { readRequest } from './request.ts';
import { MessageDoorStream } from './stream.ts';

export const anthropicDoor: DoorDialect = {
  name: 'anthropic',
  requestIdHeader: 'request-id',
  readRequest,
  errorStatus,
  errorBody,
  stream: (identity) => new MessageDoorStream(identity),
  writeAnswer,
};

export const anthropicFar: FarDialect = {
  name: 'anthropic',
  streamType: 'text/event-stream',
  parser: (eventBytesMax) => new SseParser(eventBytesMax),
  stream: () => new MessageFarStream(),
  readAnswer,
  chatAnswer,
  assembly: () => new MessageAssembly(),
  readFault,
};
