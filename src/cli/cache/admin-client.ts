// Admin client: the admin pages of a running gateway as the commands ask them, each within a deadline.
import type { Environment } from '../../adapters/environment.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Config } from '../../ports/config.ts';
import { loader } from '../load.ts';

export interface WhereOptions {
  readonly config?: string;
  readonly url?: string;
  readonly adminKey?: string;
}

const ASK_MS_MAX = 30_000;
const WORDS_MAX = 500;

export class AdminClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, adminKey: string | null) {
    this.#url = rootOf(url);
    this.#headers = adminKey === null ? {} : { authorization: `Bearer ${adminKey}` };
  }

  get url(): string {
    return this.#url;
  }

  async ask(method: 'GET' | 'POST', path: string, body?: string): Promise<Result<string, string>> {
    const signal = AbortSignal.timeout(ASK_MS_MAX);
    try {
      const sent = body === undefined ? {} : { body };
      const answer = await fetch(`${this.#url}${path}`, { method, headers: this.#headers, signal, ...sent });
      const text = await answer.text();
      return answer.ok ? ok(text) : fail(`${this.#url} says ${answer.status}: ${messageOf(text)}`);
    } catch (error) {
      return fail(`${this.#url} cannot be reached: ${whyOf(error)}`);
    }
  }

  async json(method: 'GET' | 'POST', path: string, body?: string): Promise<Result<Record<string, unknown>, string>> {
    const text = await this.ask(method, path, body);
    return text.ok ? ok(JSON.parse(text.value) as Record<string, unknown>) : text;
  }
}

/** Of a gateway, as its operator or its clients write it. */
export const rootOf = (url: string): string => url.replace(/\/+$/, '').replace(/\/v1$/, '');

/** The gateway at `--url`, else where `config` says. */
export function adminOf(options: WhereOptions, config: Config | null, environment: Environment): AdminClient {
  const adminKey = options.adminKey ?? environment.lookup('SPILLWAY_ADMIN_KEY') ?? null;
  return new AdminClient(options.url ?? addressOf(config), adminKey);
}

/** Null where `--url` says all: then no configuration is read. */
export function configOf(options: WhereOptions, environment: Environment): Result<Config | null, readonly string[]> {
  if (options.url !== undefined && options.config === undefined) return ok(null);
  return loader({ file: options.config ?? null, host: null, port: null }, environment).load();
}

export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

function addressOf(config: Config | null): string {
  if (config === null) return 'http://127.0.0.1:4000';
  const { host, port, adminPort, tls } = config;
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const name = reached.includes(':') ? `[${reached}]` : reached;
  return `${tls === null ? 'http' : 'https'}://${name}:${adminPort ?? port}`;
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return error?.message ?? text.slice(0, WORDS_MAX);
  } catch {
    return text.slice(0, WORDS_MAX);
  }
}
