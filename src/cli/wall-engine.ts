// `spillway wall --engine`: the modelled batch engine in real time, for people who want to see an overload, and what a
// gateway makes of it, without owning an accelerator.
import { CAPACITY_MAX, type EngineWall, type EngineWallOptions, startEngineWall } from '../wall/engine/engine-wall.ts';
import { mannerNames } from '../wall/engine/manner.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { exitCodes } from './exit-codes.ts';
import { numberIn, portIn } from './numbers.ts';
import { type Output, refuse } from './output.ts';
import { untilSignal } from './signals.ts';

export interface WallEngineOptions {
  readonly port: string;
  readonly host: string;
  readonly json?: boolean;
  readonly capacity: string;
  readonly style: string;
  readonly concurrent?: string;
  readonly model: string;
}

const IN_FLIGHT_MAX = 20_000;
const CAPACITY_MIN = 0.01;

export async function wallEngine(options: WallEngineOptions, output: Output): Promise<number> {
  const wanted = wantedIn(options);
  if (!wanted.ok) return refuse(wanted.error, output);
  let running: EngineWall;
  try {
    running = await startEngineWall(wanted.value);
  } catch (error) {
    output.err(`spillway: ${error instanceof Error ? error.message : String(error)}: choose another --port or --host`);
    return exitCodes.failed;
  }
  // Before the lines: whoever reads them may send a signal at once.
  const stopped = untilSignal();
  const { url } = running;
  const { model, capacity, manner } = wanted.value;
  const lines =
    options.json === true ? [JSON.stringify({ url, model, capacity, style: manner })] : asText(url, wanted.value);
  for (const line of lines) output.out(line);
  await stopped;
  await running.stop();
  return exitCodes.done;
}

function wantedIn(options: WallEngineOptions): Result<EngineWallOptions, string> {
  const port = portIn('--port', options.port);
  if (!port.ok) return port;
  const capacity = numberIn('--capacity', options.capacity, CAPACITY_MIN, CAPACITY_MAX);
  if (!capacity.ok) return capacity;
  const manner = mannerNames.find((name) => name === options.style);
  if (manner === undefined) return fail(`--style is ${mannerNames.join(' or ')}, not ${options.style}`);
  const inFlight =
    options.concurrent === undefined ? ok(null) : numberIn('--concurrent', options.concurrent, 1, IN_FLIGHT_MAX);
  if (!inFlight.ok) return inFlight;
  return ok({
    host: options.host,
    port: port.value,
    capacity: capacity.value,
    manner,
    model: options.model,
    inFlightMax: inFlight.value === null ? null : Math.floor(inFlight.value),
  });
}

function asText(url: string, { model, capacity, manner }: EngineWallOptions): string[] {
  const control = new URL('/control', url).href;
  return [
    `A modelled engine (capacity ${capacity}, in the manner of ${manner}) answers at ${url} and needs no key.`,
    '',
    `  model    ${model}`,
    `  metrics  ${new URL('/metrics', url).href}`,
    `  control  ${control}`,
    '',
    'For example:',
    `  curl -N ${url}/chat/completions -H 'content-type: application/json' \\`,
    `    -d '{"model": "${model}", "stream": true, "messages": [{"role": "user", "content": "Answer with 40 tokens."}]}'`,
    '',
    'Break it, and heal it:',
    `  curl ${control} -d '{"slow": 5}'        five times slower`,
    `  curl ${control} -d '{"refuse": 503}'    new requests get 503 (or 429)`,
    `  curl ${control} -d '{"dead": true}'     every connection is reset`,
    `  curl -X DELETE ${control}               well again`,
    '',
    'Ctrl-C ends it.',
  ];
}
