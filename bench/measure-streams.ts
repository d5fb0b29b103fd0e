// Streams: CPU time per event while all streams are open and running, per stream for opening and ending, the delay of each
// event, and the memory of an open stream. One subject after the other; a stream with one event missing puts it out.
import type { StreamsCase } from './cases.ts';
import { cpuMicros } from './cpu.ts';
import type { Reading } from './figures.ts';
import type { Pace } from './measure-chat.ts';
import type { StreamsOrder, StreamsResult, StreamsState } from './load/open-streams.ts';
import { memoryOf } from './memory.ts';
import type { Mock } from './mock/mock.ts';
import { troubleOf } from './stage.ts';
import type { Stage, StagedSubject } from './stage.ts';
import type { Worker } from './worker.ts';

/** How long the events of a stream last. */
const RUN_MS = 6_000;
/** The part of it in which events are counted: all streams are open then, and none has ended. */
const window = { from: 0.2, to: 0.85 } as const;
const OPEN_MS_MAX = 60_000;
const DRAIN_MS_MAX = 60_000;
const REQUEST_BYTES = 1_024;
const AFTER_TROUBLE_MS = 3_000;
/** Below this, what the streams hold, and what opening them takes, is less than what comes and goes by itself. */
const STREAMS_TO_SHARE = 1_000;

const warmUp = { streams: 50, intervalMs: 20 } as const;

export async function measureStreams(
  one: StreamsCase,
  { mock, subjects }: Stage,
  load: Worker,
  launch: number,
  pace: Pace,
): Promise<Reading[]> {
  const readings: Reading[] = [];
  const out = new Set<string>();
  const tell = async (subject: StagedSubject, error: unknown): Promise<void> => {
    out.add(subject.name);
    readings.push(troubleOf(subject.name, launch, error));
    // Whatever it still sends must not be taken for the next one's streams.
    await mock.order({ answer: REQUEST_BYTES });
    await wait(AFTER_TROUBLE_MS);
  };
  for (const subject of subjects) {
    const runMs = (pace.isFirst ? subject.warmUpSeconds : 1) * 500;
    try {
      // Twice: opening is warmed up too.
      await runStreams({ ...warmUp, runMs }, mock, load, subject);
      await runStreams({ ...warmUp, runMs }, mock, load, subject);
    } catch (error) {
      await tell(subject, error);
    }
  }
  for (let round = 0; round < pace.rounds && performance.now() < pace.until; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      if (out.has(subject.name)) continue;
      try {
        const { rssKbPerStream, ...values } = await runStreams({ ...one, runMs: RUN_MS }, mock, load, subject);
        // Only the first time does a process grow by what streams take.
        const memory = round === 0 && rssKbPerStream !== undefined ? { rssKbPerStream } : {};
        readings.push({ subject: subject.name, version: subject.version, launch, values: { ...values, ...memory } });
      } catch (error) {
        await tell(subject, error);
      }
    }
  }
  return readings;
}

interface StreamsRun {
  readonly streams: number;
  readonly intervalMs: number;
  readonly runMs: number;
}

async function runStreams(
  { streams, intervalMs, runMs }: StreamsRun,
  mock: Mock,
  load: Worker,
  { port, headers, child }: StagedSubject,
): Promise<Reading['values']> {
  const events = Math.max(2, Math.round(runMs / intervalMs));
  const ask = <Answer>(order: StreamsOrder): Promise<Answer> => load.ask<Answer>(order);
  await mock.order({ stream: { events, intervalMs } });
  const rssBefore = memoryOf(child.pid).rssKb;
  const cpuBefore = cpuMicros(child.pid);
  const options = { streams, eventsPerStream: events, bytes: REQUEST_BYTES };
  await ask({ open: { aim: { port, headers }, options } });
  try {
    await untilDone(OPEN_MS_MAX, async () => {
      demandNoErrors(await ask<StreamsState>({ state: true }));
      const { streamsOpen } = await mock.order({ state: true });
      return streamsOpen === streams ? null : `${streamsOpen} of ${streams} streams reached the upstream`;
    });
    const reading = async (): Promise<{ cpu: number; events: number }> => {
      const state = await ask<StreamsState>({ state: true });
      return { events: state.events, cpu: cpuMicros(child.pid) };
    };
    await mock.order({ begin: true });
    await wait(runMs * window.from);
    const from = await reading();
    await wait(runMs * (window.to - window.from));
    const to = await reading();
    const rss = memoryOf(child.pid).rssKb;
    await untilDone(DRAIN_MS_MAX, async () => {
      const state = await ask<StreamsState>({ state: true });
      demandNoErrors(state);
      return state.done === streams ? null : `${state.events} of ${streams * events} events arrived`;
    });
    await wait(50);
    const cpuTotal = cpuMicros(child.pid) - cpuBefore;
    const { delayP50Us, delayP99Us } = await ask<StreamsResult>({ close: true });
    const cpuUsPerEvent = (to.cpu - from.cpu) / (to.events - from.events);
    const shares = {
      cpuUsPerStream: cpuTotal / streams - cpuUsPerEvent * (events - 1),
      rssKbPerStream: (rss - rssBefore) / streams,
    };
    return {
      cpuUsPerEvent,
      busy: (to.cpu - from.cpu) / (runMs * (window.to - window.from) * 1_000),
      delayP50Us,
      delayP99Us,
      ...(streams < STREAMS_TO_SHARE ? {} : shares),
    };
  } finally {
    await ask({ close: true });
  }
}

function demandNoErrors({ errors, firstError }: StreamsState): void {
  if (errors > 0) throw new Error(`${errors} streams failed: ${firstError}`);
}

/** `lacks`: what is not yet so; null: nothing. */
async function untilDone(msMax: number, lacks: () => Promise<string | null>): Promise<void> {
  const until = performance.now() + msMax;
  for (let lack = await lacks(); lack !== null; lack = await lacks()) {
    if (performance.now() > until) throw new Error(`${lack} within ${msMax / 1_000} s`);
    await wait(50);
  }
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
