// Answer events: what a streamed chat answer shows of itself, read with as little work per event as will do. Text that was
// made by a model is progress; that somebody is about to speak, or is still alive, is not.
// It must never take an answer for whole that did not say it is.

const CONTENT = /"(?:content|reasoning_content|reasoning|arguments|name)": ?"(?!")/;
const TROUBLE = /^\{"(?:error|object": ?"error)"/;
const FINISH = /"finish_reason": ?"/;
const TOKENS = /"completion_tokens": ?(\d+)/;
/** An event that never ends is given up. */
const EVENT_CHARACTERS_MAX = 4 * 1024 * 1024;

export class AnswerEvents {
  #carry = '';
  /** Events with content. */
  pieces = 0;
  /** As the far side counts them; null: not told. */
  tokens: number | null = null;
  keepAlives = 0;
  isFinished = false;
  isDone = false;
  /** It said of itself that it failed, or is no stream of events. */
  isBroken = false;

  /** Whether it is over, and all of it was there. */
  get isWhole(): boolean {
    return !this.isBroken && (this.isFinished || this.isDone) && this.pieces > 0;
  }

  /** Answers how many of the new events have content. */
  push(bytes: Buffer): number {
    const before = this.pieces;
    let text = bytes.toString('latin1');
    if (text.includes('\r')) text = text.replaceAll('\r', '');
    let rest = this.#carry === '' ? text : this.#carry + text;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      this.#read(rest.slice(0, end));
      rest = rest.slice(end + 2);
    }
    const isGivenUp = rest.length > EVENT_CHARACTERS_MAX;
    if (isGivenUp) this.isBroken = true;
    this.#carry = isGivenUp ? '' : rest;
    return this.pieces - before;
  }

  #read(event: string): void {
    for (let at = 0; at < event.length;) {
      const end = event.indexOf('\n', at);
      const line = event.slice(at, end < 0 ? event.length : end);
      if (line.startsWith('data:')) this.#data(line.slice(line[5] === ' ' ? 6 : 5));
      else if (line.startsWith(':')) this.keepAlives++;
      else if (line.startsWith('{')) this.isBroken = true;
      at += line.length + 1;
    }
  }

  #data(data: string): void {
    if (CONTENT.test(data)) this.pieces++;
    else if (data === '[DONE]') this.isDone = true;
    else if (TROUBLE.test(data)) this.isBroken = true;
    if (FINISH.test(data)) this.isFinished = true;
    const tokens = TOKENS.exec(data)?.[1];
    if (tokens !== undefined) this.tokens = Number(tokens);
  }
}
