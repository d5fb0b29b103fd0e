// Log: one line per exchange and per change of state, as ECS JSON (Elastic Common Schema with OpenTelemetry's gen_ai
// names), or short readable lines when a person is watching.
// It must never hold a prompt or a secret (facts hold none), never let a caller forge or colour a line, and never make
// an exchange wait: writing is asynchronous, and lines are dropped and counted when the reader of the log is too slow.
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Fact } from '../../kernel/facts.ts';
import type { Config } from '../../ports/config.ts';
import type { FactSink } from '../../ports/fact-sink.ts';
import { systemTimers } from '../system.ts';
import { ExchangeLines } from './exchange-json.ts';
import { attemptFields, stateRecord } from './log-fields.ts';
import type { LogLevel, LogRecord } from './log-fields.ts';
import { LineBatch } from './line-batch.ts';
import { attemptLine, exchangeLine, readableTime, recordLine, withoutControls } from './log-lines.ts';
import { isoTime, trailLine, wentWrong } from './words.ts';

/** Where lines go; a terminal says so with `isTTY`. */
export interface LogStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Log extends FactSink {
  /** Writes what is buffered before it returns; for the end of the process only. Gives up after 2 s on a stuck reader. */
  flush(): void;
}

const ECS_VERSION = '8.11.0';
/** Lines waiting for a slow reader. */
const BUFFER_BYTES_MAX = 16 * 1024 * 1024;
/** Sonic-boom sleeps 100 ms between tries. */
const FLUSH_TRIES_MAX = 20;
const STANDARD_OUTPUT = 1;
const TRAIL_INDENT = ' '.repeat(19);
const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const satisfies Record<
  LogLevel | 'silent',
  number
>;

/** Without `stream`: standard output. */
export function createLog(level: Config['log']['level'], stream?: LogStream, serviceVersion?: string): Log {
  if (level === 'silent') return { accept: () => {}, flush: () => {} };
  const output =
    stream === undefined ? standardOutput() : { stream, flush: (): void => {}, onRecovered: (): void => {} };
  const terminal = stream === undefined ? isatty(STANDARD_OUTPUT) : stream.isTTY === true;
  const writer = terminal ? new ReadableWriter(output.stream) : new JsonWriter(level, output.stream, serviceVersion);
  output.onRecovered((dropped) => writer.record(droppedRecord(dropped)));
  return new FactLog(level, writer, output.flush);
}

interface Writer {
  exchange(fact: Fact & { kind: 'exchange' }, level: LogLevel, withTrail: boolean): void;
  attempt(fact: Fact & { kind: 'attempt' }): void;
  record(record: LogRecord): void;
}

class FactLog implements Log {
  readonly #rank: number;
  readonly #writer: Writer;
  readonly flush: () => void;

  constructor(level: LogLevel, writer: Writer, flush: () => void) {
    this.#rank = ranks[level];
    this.#writer = writer;
    this.flush = flush;
  }

  accept(fact: Fact): void {
    if (fact.kind === 'exchange') {
      const wrong = wentWrong(fact.exchange);
      const level = wrong ? 'warn' : 'info';
      if (ranks[level] < this.#rank) return;
      this.#writer.exchange(fact, level, wrong || fact.exchange.attempts > 1 || this.#rank === ranks.debug);
    } else if (fact.kind === 'attempt') {
      if (this.#rank === ranks.debug) this.#writer.attempt(fact);
    } else {
      const record = stateRecord(fact);
      if (ranks[record.level] >= this.#rank) this.#writer.record(record);
    }
  }
}

class JsonWriter implements Writer {
  readonly #pino: Logger;
  readonly #stream: LogStream;
  readonly #lines: ExchangeLines;
  /** The facts' own time, so that log, metrics and trail agree; pino would ask the clock. */
  #at = 0;

  constructor(level: LogLevel, stream: LogStream, serviceVersion: string | undefined) {
    const base = { 'ecs.version': ECS_VERSION, 'service.name': 'spillway', 'service.version': serviceVersion };
    this.#stream = stream;
    this.#lines = new ExchangeLines(JSON.stringify(base).slice(1, -1));
    this.#pino = pino(
      {
        level,
        messageKey: 'message',
        errorKey: 'error',
        timestamp: () => `,"@timestamp":"${isoTime(this.#at)}"`,
        formatters: { level: (label) => ({ 'log.level': label }) },
        base,
      },
      stream,
    );
  }

  exchange(fact: Fact & { kind: 'exchange' }, level: LogLevel, withTrail: boolean): void {
    // Not through pino: it escapes and looks up 35 field names per line, which took 3 of 4 µs.
    this.#stream.write(this.#lines.line(fact.exchange, level, withTrail));
  }

  attempt(fact: Fact & { kind: 'attempt' }): void {
    const attempt = fact.attempt;
    this.#at = attempt.startedAt + attempt.durationMs;
    this.#pino.debug(attemptFields(attempt), attemptLine(attempt));
  }

  record(record: LogRecord): void {
    this.#at = record.at ?? this.#at;
    this.#pino[record.level](record.fields, record.message);
  }
}

class ReadableWriter implements Writer {
  readonly #stream: LogStream;

  constructor(stream: LogStream) {
    this.#stream = stream;
  }

  exchange(fact: Fact & { kind: 'exchange' }, level: LogLevel, withTrail: boolean): void {
    const exchange = fact.exchange;
    const lines = [
      `${readableTime(exchange.startedAt + exchange.durationMs)} ${level.padEnd(5)} ${exchangeLine(exchange)}`,
    ];
    if (withTrail) lines.push(...exchange.trail.map((step) => `${TRAIL_INDENT}${trailLine(step)}`));
    this.#write(lines);
  }

  attempt(fact: Fact & { kind: 'attempt' }): void {
    const attempt = fact.attempt;
    this.#write([`${readableTime(attempt.startedAt + attempt.durationMs)} debug ${attemptLine(attempt)}`]);
  }

  record(record: LogRecord): void {
    this.#write(recordLine(record));
  }

  #write(lines: readonly string[]): void {
    this.#stream.write(lines.map((line) => `${withoutControls(line)}\n`).join(''));
  }
}

interface Output {
  readonly stream: LogStream;
  readonly flush: () => void;
  readonly onRecovered: (tell: (dropped: number) => void) => void;
}

function standardOutput(): Output {
  let triesLeft = Number.POSITIVE_INFINITY;
  let dropped = 0;
  const terminal = isatty(STANDARD_OUTPUT);
  const destination = pino.destination({
    dest: STANDARD_OUTPUT,
    // A person wants the line at once and between other output in order; a pipe or file wants it cheap.
    sync: terminal,
    maxLength: BUFFER_BYTES_MAX,
    retryEAGAIN: () => triesLeft-- > 0,
  });
  // What is dropped is a whole batch.
  destination.on('drop', (text: string) => (dropped += text.split('\n').length - 1));
  const batch = new LineBatch(systemTimers, (text) => destination.write(text));
  const flush = (): void => {
    triesLeft = FLUSH_TRIES_MAX;
    try {
      batch.flush();
      destination.flushSync();
    } catch {
      destination.destroy();
    }
  };
  const onRecovered = (tell: (dropped: number) => void): void => {
    destination.on('drain', () => {
      if (dropped === 0) return;
      const lost = dropped;
      dropped = 0;
      tell(lost);
    });
  };
  if (terminal) return { stream: destination, flush, onRecovered };
  // Pino writes out its own buffer at the end of the process; ours must be in it by then.
  process.once('exit', () => batch.flush());
  return { stream: batch, flush, onRecovered };
}

function droppedRecord(dropped: number): LogRecord {
  return {
    level: 'warn',
    at: null,
    message: `log output was too slow: ${dropped} lines were dropped`,
    fields: { 'event.action': 'log-dropped', 'spillway.log.dropped': dropped },
  };
}
