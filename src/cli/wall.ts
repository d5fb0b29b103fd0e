// `spillway wall`: the provider that misbehaves on command, for people who want to see what their gateway does about it.
import { behaviours, usableName } from '../wall/behaviours.ts';
import { wallPage } from '../wall/page.ts';
import { startWall } from '../wall/wall.ts';
import type { Wall } from '../wall/wall.ts';
import { exitCodes } from './exit-codes.ts';
import { portIn } from './numbers.ts';
import { type Output, refuse } from './output.ts';
import { untilSignal } from './signals.ts';

export interface WallCommandOptions {
  readonly port: string;
  readonly host: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** Answers the exit code when the wall was told to stop. */
export async function wall(options: WallCommandOptions, output: Output): Promise<number> {
  if (options.markdown === true) {
    output.out(wallPage().trimEnd());
    return exitCodes.done;
  }
  const port = portIn('--port', options.port);
  if (!port.ok) return refuse(port.error, output);
  let running: Wall;
  try {
    running = await startWall({ host: options.host, port: port.value });
  } catch (error) {
    output.err(`spillway: ${error instanceof Error ? error.message : String(error)}: choose another --port or --host`);
    return exitCodes.failed;
  }
  // Before the lines: whoever reads them may send a signal at once.
  const stopped = untilSignal();
  for (const line of options.json === true ? [asJson(running.url)] : asText(running.url)) output.out(line);
  await stopped;
  await running.stop();
  return exitCodes.done;
}

/** One line, so that a script can read it and go on. */
function asJson(url: string): string {
  return JSON.stringify({
    url,
    behaviours: behaviours.map((behaviour) => ({
      name: behaviour.name,
      model: usableName(behaviour),
      title: behaviour.title,
      fault: behaviour.fault,
      spillway: behaviour.spillway,
    })),
  });
}

function asText(url: string): string[] {
  const width = Math.max(...behaviours.map(({ name }) => name.length));
  return [
    `The wall stands at ${url} and needs no key. The model's name picks what happens:`,
    '',
    ...behaviours.map(({ name, title }) => `  ${name.padEnd(width)}  ${title.replaceAll('`', '')}`),
    '',
    'For example:',
    `  curl -N ${url}/chat/completions -H 'content-type: application/json' \\`,
    `    -d '{"model": "cut", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'`,
    '',
    `Every attempt is listed at ${new URL('/log', url).href}. Ctrl-C ends it.`,
  ];
}
