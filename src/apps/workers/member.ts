// Member: what makes a gateway one of several: its limits are kept together with the others', and pages that only all of them
// can answer are answered by all. Without it the gateway is alone.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { Page, PageAnswer } from '../../ports/page.ts';
import { asksAll } from './merge-admin.ts';
import { SharedKeys } from './shared-keys.ts';
import { WorkersRoom } from './shared-room.ts';
import type { Order, PageName, PageOrder, Report, Say, WorkerTask } from './words.ts';

/** Beyond the time that the primary gives the others. */
const PAGE_MS_MAX = 3_000;

type PageWord = Extract<Order, { kind: 'page' }>;
type PartWord = Extract<Order, { kind: 'part' }>;

type MemberTask = Pick<WorkerTask, 'members' | 'reusePort' | 'configVersion'>;

export class Member {
  readonly reusePort: boolean;
  readonly configVersion: number;
  readonly keys: SharedKeys;
  readonly room: WorkersRoom;
  #onRoom: () => void = () => {};
  readonly #say: Say<Report>;
  readonly #own = new Map<PageName, Page>();
  readonly #waiting = new Map<number, (answer: PageAnswer) => void>();
  #lastId = 0;

  constructor({ members, reusePort, configVersion }: MemberTask, say: Say<Report>) {
    this.reusePort = reusePort;
    this.configVersion = configVersion;
    this.#say = say;
    const time = { clock: systemClock, timers: systemTimers };
    this.keys = new SharedKeys(time, members, say);
    this.room = new WorkersRoom(members, { ...time, say, onRoom: () => this.#onRoom() });
  }

  /** `tellTrouble`: for people, with each change. */
  join(gateway: { onRoom(): void }, tellTrouble: (why: string) => void): void {
    this.#onRoom = () => gateway.onRoom();
    this.keys.onSilence = (isSilent) =>
      tellTrouble(
        isSilent
          ? 'the primary does not answer: of limits of keys each worker keeps an even part'
          : 'the primary answers again',
      );
  }

  reload(): void {
    this.#say({ kind: 'reload' });
  }

  /** The page that stands in front of `own`. */
  page(name: PageName, own: Page): Page {
    this.#own.set(name, own);
    return {
      serve: (request, done) => {
        const { method, path, query } = request;
        const order = { method, path, query, body: utf8Decode(request.body) };
        const isOwn = name === 'metrics' ? method !== 'GET' && method !== 'HEAD' : !asksAll(order);
        if (isOwn) own.serve(request, done);
        else this.#askAll(name, order, done);
      },
    };
  }

  onPage({ id, answer }: PageWord): void {
    this.#waiting.get(id)?.(answer);
  }

  onPart({ id, page, order }: PartWord): void {
    this.#serveOwn(page, order, (answer) => this.#say({ kind: 'part', id, answer }));
  }

  close(): void {
    this.room.close();
  }

  /** When the primary does not answer, its own part is better than nothing. */
  #askAll(page: PageName, order: PageOrder, done: (answer: PageAnswer) => void): void {
    const id = ++this.#lastId;
    const finish = (answer: PageAnswer): void => {
      if (!this.#waiting.delete(id)) return;
      timer.cancel();
      done(answer);
    };
    const timer = systemTimers.after(PAGE_MS_MAX, () => this.#serveOwn(page, order, finish));
    this.#waiting.set(id, finish);
    this.#say({ kind: 'ask', id, page, order });
  }

  #serveOwn(page: PageName, { body, ...order }: PageOrder, done: (answer: PageAnswer) => void): void {
    this.#own.get(page)?.serve({ ...order, headers: {}, body: utf8Encode(body) }, done);
  }
}
