// Limits: everything has a maximum, and it stands here. Relations between maxima are asserted when the module loads, so
// that a change to one cannot silently outgrow another.
import { assert } from './result.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export const limits = {
  /** Inbound head: request line and headers together. Node answers 431 above it. */
  headBytesMax: 32 * KIB,
  /** Time for the whole request head to arrive; a slow-loris connection is closed then. */
  headMsMax: 15_000,
  /** Inbound body after decompression. 32 MiB holds a 1M-token prompt or a dozen images. */
  bodyBytesMax: 32 * MIB,
  /** Time for the whole request body to arrive. */
  bodyMsMax: 60_000,
  /** Bodies of all exchanges in flight together; above it new bodies get 503. */
  bodyBytesInFlightMax: 512 * MIB,
  /** Arrays and objects nested in a request. */
  jsonDepthMax: 128,
  /** Values in a request: a batch of 2,048 embedding inputs of 240 token ids, and then some. */
  jsonValuesMax: 500_000,
  /** Fallback models a request may name. */
  fallbackModelsMax: 32,
  /** Upstream answer that is gathered whole. */
  answerBytesMax: 64 * MIB,
  /** One server-sent event. */
  eventBytesMax: 4 * MIB,
  /** Events held back before the first content. */
  heldBytesMax: 256 * KIB,
  heldEventsMax: 64,
  /** Error body of an upstream that is read for classification. */
  faultBodyBytesMax: 64 * KIB,
  /** Unsent bytes of one slow reader: the upstream is paused at `low`, the reader is cut at `max`. */
  readerBytesLow: 256 * KIB,
  readerBytesMax: 8 * MIB,
  /** Time a paused reader may take without reading anything. */
  readerMsMax: 120_000,
  /** Exchanges waiting for room, per lane. */
  waitersPerLaneMax: 5_000,
  /** Of them for the same targets, so that one model's queue leaves seats to the others. */
  waitersPerGroupMax: 2_500,
  /** Of their bodies. */
  waitingBytesPerLaneMax: 256 * MIB,
  /** Attempts of one exchange, whatever the config says. */
  attemptsMax: 10,
  targetsPerModelMax: 64,
  /** Exchanges whose decision trail is kept for the admin API. */
  trailsKept: 1_000,
  trailStepsMax: 64,
  /** Retry-After that an upstream may impose, and that we tell a client. */
  retryAfterMsMax: 3_600_000,
  clientRetryAfterMsMax: 60_000,
  /** The same for a shed: overload passes, and nobody knows when. */
  shedRetryAfterMsMax: 10_000,
  /** Share of the V8 heap limit above which new bodies are refused. */
  heapShareMax: 0.85,
  connectionsMax: 20_000,
  /** Limits of upstreams and targets that processes keep together. */
  sharedLimitsMax: 4_000,
  /** Processes behind one port. */
  workersMax: 64,
  /** Answers kept in memory, all that holds them included. */
  cacheBytesMax: 64 * MIB,
  /** One answer that is kept, in its canonical form. */
  cacheEntryBytesMax: 256 * KIB,
  /** A request whose answer may be kept: it is written out and hashed before it is sent. */
  cacheRequestBytesMax: 1 * MIB,
  /** A question that may have neighbours. */
  semanticCharactersMax: 4_096,
  /** Vectors of one tenant: what is looked through, one by one, within the time that a request may wait. */
  semanticVectorsMax: 20_000,
  /** Of all tenants. */
  semanticBytesMax: 160 * MIB,
  /** Numbers in a vector. */
  semanticDimensionsMax: 4_096,
  /** Questions of which it is remembered how alike others had to be. */
  semanticSightingsKept: 20_000,
  /** Searches under way, and questions that another model is turning into vectors. */
  semanticSearchesMax: 64,
  /** Answers that are taken in at once from a file. */
  cacheFillLinesMax: 1_000,
  /** Refusals of requests that are remembered, so that they are not sent again and again. */
  refusalsKept: 10_000,
  /** What has been said of an answer that others read too: a reader further behind is cut. */
  flightBytesMax: 1 * MIB,
  /** Exchanges that read one answer. */
  flightReadersMax: 20_000,
} as const;

assert(limits.bodyBytesInFlightMax >= 4 * limits.bodyBytesMax, 'at least four of the largest bodies fit at once');
assert(limits.readerBytesLow < limits.readerBytesMax, 'a reader is slowed before it is cut');
assert(limits.eventBytesMax <= limits.readerBytesMax, 'one event alone never cuts a reader');
assert(limits.cacheEntryBytesMax < limits.flightBytesMax, 'an answer that may be kept can be joined to its end');
assert(limits.flightBytesMax < limits.readerBytesMax, 'a late joiner can be given all at once');
assert(limits.heldBytesMax <= limits.eventBytesMax, 'what is held back is smaller than the largest event');
assert(
  limits.semanticVectorsMax * 1_536 * 4 < limits.semanticBytesMax,
  'one tenant’s vectors of the usual length have room',
);
