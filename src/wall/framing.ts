// Framing: how events become bytes, as server-sent events or as AWS frames. What it cannot say it leaves out.
import { frameOf } from './frames.ts';
import type { Framing, LineEnd } from './tongues/tongue.ts';

export const serverSentEvents = (lineEnd: LineEnd): Framing => ({
  contentType: 'text/event-stream; charset=utf-8',
  frame: ({ kind, name, data }) => {
    if (kind === 'comment') return `: ${data}${lineEnd}${lineEnd}`;
    return `${name === null ? '' : `event: ${name}${lineEnd}`}data: ${data}${lineEnd}${lineEnd}`;
  },
});

export const awsFrames: Framing = {
  contentType: 'application/vnd.amazon.eventstream',
  frame: ({ kind, name, data }) => {
    if (kind === 'comment') return '';
    const type = kind === 'event' ? ':event-type' : ':exception-type';
    return frameOf({ [type]: name ?? '', ':content-type': 'application/json', ':message-type': kind }, data);
  },
};
