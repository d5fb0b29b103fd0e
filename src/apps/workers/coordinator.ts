// Coordinator: the primary's part of what the workers do together: limits of keys and of far sides, and pages that only all
// of them can answer. It knows workers by number and never touches an exchange.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { KeyLedger } from '../../gateway/key-ledger.ts';
import type { Config } from '../../ports/config.ts';
import type { StateStore } from '../../ports/state.ts';
import { KeyDesk } from './key-desk.ts';
import { PageGather } from './page-gather.ts';
import { RoomDesk } from './room-desk.ts';
import type { Order, SharedReport } from './words.ts';

export interface CoordinatorTools {
  readonly members: number;
  readonly state: StateStore;
  /** Those that serve now. */
  serving(): readonly number[];
  tell(worker: number, order: Order): void;
  ownMetrics(): string;
}

export class Coordinator {
  readonly #tools: CoordinatorTools;
  readonly #ledger: KeyLedger;
  readonly #keys: KeyDesk;
  readonly #room: RoomDesk;
  readonly #pages: PageGather;

  constructor(tools: CoordinatorTools) {
    const tell = (worker: number, order: Order): void => tools.tell(worker, order);
    this.#tools = tools;
    this.#ledger = new KeyLedger({ clock: systemClock, timers: systemTimers }, tools.state);
    this.#keys = new KeyDesk(systemClock, this.#ledger);
    this.#room = new RoomDesk(systemClock, tools.members, tell);
    this.#pages = new PageGather({ timers: systemTimers, tell, ownMetrics: () => tools.ownMetrics() });
  }

  adopt(config: Config): void {
    this.#ledger.adopt(new Map(config.keys.map((key) => [key.sha256, key])));
  }

  onReport(worker: number, report: SharedReport): void {
    switch (report.kind) {
      case 'reserve':
        this.#keys.reserve(worker, report, (order) => this.#tools.tell(worker, order));
        break;
      case 'settle':
        this.#keys.settle(worker, report);
        break;
      case 'slots':
        this.#room.slots(worker, report);
        break;
      case 'draw':
        this.#room.draw(worker, report);
        break;
      case 'giveBack':
        this.#room.giveBack(report);
        break;
      case 'part':
        this.#pages.onPart(worker, report.id, report.answer);
        break;
      case 'ask':
        this.#ask(worker, report);
        break;
    }
  }

  /** It has ended: what it held is free. */
  leave(worker: number): void {
    this.#keys.leave(worker);
    this.#room.leave(worker);
    this.#pages.leave(worker);
  }

  /** What was learned and not kept yet is kept now. */
  close(): void {
    this.#ledger.close();
  }

  #ask(worker: number, { id, page, order }: Extract<SharedReport, { kind: 'ask' }>): void {
    const others = this.#tools.serving().filter((other) => other !== worker);
    this.#pages.ask(page, order, [worker, ...others], (answer) =>
      this.#tools.tell(worker, { kind: 'page', id, answer }),
    );
  }
}
