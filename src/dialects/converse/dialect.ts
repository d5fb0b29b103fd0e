// AWS Bedrock's Converse and ConverseStream: a far side only. Nobody calls us in it, so its answers are always translated.
import { assert } from '../../kernel/result.ts';
import type { FarDialect } from '../dialect.ts';
import { chatAnswer, readAnswer } from './answer.ts';
import { readFault } from './errors.ts';
import { ConverseFarStream } from './events.ts';
import { EventStreamParser } from './frames.ts';

export const converseFar: FarDialect = {
  name: 'converse',
  streamType: 'application/vnd.amazon.eventstream',
  parser: (eventBytesMax) => new EventStreamParser(eventBytesMax),
  stream: () => new ConverseFarStream(),
  readAnswer,
  chatAnswer,
  readFault,
  assembly() {
    assert(false, 'a stream is gathered in its own dialect for callers who speak it, and no door speaks Converse');
  },
};
