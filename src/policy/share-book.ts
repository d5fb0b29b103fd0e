// Share book: who holds how much of one whole, where word of it takes time. A share that was lowered is free only when its
// holder has said that it acts by the new one and holds no more than that; until then it counts at its old size.
// It must never let what its members may hold at any moment, by what they were told last, come to more than the whole.
import { shares } from './share.ts';

/** A member's word: `serial` is of the last share it has heard of, `held` what it holds, `wanted` what it could use. */
export interface ShareReport {
  readonly serial: number;
  readonly held: number;
  readonly wanted: number;
}

/** What a member is to be told. */
export interface ShareWord {
  readonly member: number;
  readonly serial: number;
  readonly share: number;
}

interface Account {
  serial: number;
  /** Told last. */
  share: number;
  /** It has said that it acts by `share`. */
  isHeard: boolean;
  /** The most it may hold, by all it was told and has said. */
  most: number;
  held: number;
  wanted: number;
}

export class ShareBook {
  #whole: number;
  readonly #accounts = new Map<number, Account>();

  constructor(whole: number) {
    this.#whole = whole;
  }

  get whole(): number {
    return this.#whole;
  }

  /** What all members may hold together at the worst. */
  get committed(): number {
    let sum = 0;
    for (const { most } of this.#accounts.values()) sum += most;
    return sum;
  }

  /** After a reload. A smaller whole is reached as what is held above it ends. */
  resize(whole: number): ShareWord[] {
    this.#whole = whole;
    return this.#divide();
  }

  /** New members hold nothing and hear of their share at once, so far as something is free. */
  join(member: number): ShareWord[] {
    if (this.#accounts.has(member)) return [];
    this.#accounts.set(member, { serial: 0, share: 0, isHeard: true, most: 0, held: 0, wanted: 0 });
    return this.#divide();
  }

  /** It is gone, and what it held with it. */
  leave(member: number): ShareWord[] {
    return this.#accounts.delete(member) ? this.#divide() : [];
  }

  report(member: number, { serial, held, wanted }: ShareReport): ShareWord[] {
    const account = this.#accounts.get(member);
    if (account === undefined) return [];
    account.held = held;
    account.wanted = wanted;
    if (serial === account.serial) {
      account.isHeard = true;
      account.most = Math.max(account.share, held);
    }
    return this.#divide();
  }

  /** First who has too much is told to give, then what is free is given. */
  #divide(): ShareWord[] {
    const accounts = [...this.#accounts];
    const aims = shares(
      this.#whole,
      accounts.map(([, { wanted }]) => wanted),
    );
    const words = new Map<number, ShareWord>();
    for (const [at, [member, account]] of accounts.entries()) {
      const aim = aims[at] ?? 0;
      // One word at a time: what it answers must be clear.
      if (account.isHeard && aim < account.share) words.set(member, this.#tell(member, account, aim));
    }
    let free = this.#whole - this.committed;
    for (const [at, [member, account]] of accounts.entries()) {
      const more = Math.min(free, (aims[at] ?? 0) - account.share);
      if (more <= 0 || !account.isHeard || words.has(member)) continue;
      const before = account.most;
      words.set(member, this.#tell(member, account, account.share + more));
      free -= account.most - before;
    }
    return [...words.values()];
  }

  #tell(member: number, account: Account, share: number): ShareWord {
    account.serial++;
    account.share = share;
    account.most = Math.max(account.most, share);
    account.isHeard = false;
    return { member, serial: account.serial, share };
  }
}
