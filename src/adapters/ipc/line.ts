// Line: words between two processes of ours, over Node's channel. What is said in one turn of the event loop goes as one
// message, because each message costs both sides more than what stands in it.
// It must never throw, whoever is gone: the words of one that ended go nowhere.
import { afterTurn } from '../system.ts';

/** A child process as its parent sees it, or this process as its own parent's child. */
export interface Channel {
  readonly connected?: boolean;
  send?(message: unknown, handle: undefined, options: undefined, callback: () => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

export class Line<Said extends object, Heard extends object> {
  readonly #channel: Channel;
  #unsent: Said[] = [];

  constructor(channel: Channel, onWord: (word: Heard) => void) {
    this.#channel = channel;
    channel.on('message', (batch) => {
      if (Array.isArray(batch)) for (const word of batch as Heard[]) onWord(word);
    });
  }

  say(word: Said): void {
    this.#unsent.push(word);
    if (this.#unsent.length === 1) afterTurn(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#unsent;
    this.#unsent = [];
    if (this.#channel.connected !== false) this.#channel.send?.(batch, undefined, undefined, () => {});
  }
}
