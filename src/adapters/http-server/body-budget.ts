// How many bytes of request bodies may be in memory at once, over all listeners of a process. Agents send hundreds of
// kilobytes each; without a common cap a burst of them exhausts the memory while the port still answers.

export class BodyBudget {
  readonly bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax;
  }

  /** False, and nothing taken, when they do not fit. */
  take(bytes: number): boolean {
    if (!this.hasRoomFor(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
