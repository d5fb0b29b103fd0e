// Client: what every SDK under test is asked to do, in words of none of them. An adapter uses its SDK as its users do and
// reports what the SDK showed; it must never repair or leave out anything, for that is what is tested.

export interface Ask {
  readonly model: string;
  readonly prompt: string;
  readonly stream: boolean;
  readonly system?: string;
  /** A PNG. */
  readonly image?: Uint8Array;
  /** Offers the tool `look_up`, and runs it as often as it is called. */
  readonly tool?: (args: unknown) => string;
  /** Wants JSON that keeps to `answerSchema`, or just JSON where the SDK has no more than that. */
  readonly json?: boolean;
  /** Wants the model to think, and to show it. */
  readonly thinks?: boolean;
  readonly temperature?: number;
  readonly signal?: AbortSignal;
  /** Each piece of text of a stream, as it comes. */
  readonly onText?: (piece: string) => void;
}

export interface Reply {
  readonly text: string;
  /** Empty where the SDK showed none. */
  readonly reasoning: string;
  /** In the SDK's words; null when it said none. */
  readonly finish: string | null;
  readonly outputTokens: number | null;
}

export interface Connection {
  /** Without `/v1`. */
  readonly origin: string;
  readonly apiKey: string;
}

export const troubles = ['400', '401', '404', '429', '500', '503'] as const;
export type Trouble = (typeof troubles)[number];

/** A client that converses, at one endpoint. */
export interface Talker {
  readonly name: string;
  readonly endpoint: 'chat' | 'responses' | 'messages';
  /** The word for an answer that is over because all was said. */
  readonly finish: string;
  readonly json: 'schema' | 'object';
  /** Adds the one token that Anthropic's streams open with to the total that they end with; so it does at Anthropic's. */
  readonly addsOpening?: boolean;
  /** Takes no temperature. */
  readonly hasNoTemperature?: boolean;
  /** How `nameOfError` calls what is raised for each trouble. */
  readonly errors: Readonly<Record<Trouble, string>>;
  /** How it calls what is raised when a stream breaks off. */
  readonly brokenStream: string;
  nameOfError(error: unknown): string;
  ask(connection: Connection, ask: Ask): Promise<Reply>;
}

/** A client of an endpoint that does not converse. */
export interface Utility {
  readonly name: string;
  readonly use: 'embeddings' | 'models' | 'completions' | 'countTokens';
  /** Throws when what came is not what was expected. */
  check(connection: Connection, models: UtilityModels): Promise<void>;
}

export interface UtilityModels {
  /** Listed by the gateway. */
  readonly model: string;
  /** All that are. */
  readonly count: number;
}

/** No retries and no long waits: trouble is the gateway's to mend, and here it is told not to. */
export const patience = { maxRetries: 0, timeout: 15_000 } as const;

export const MAX_TOKENS = 2_048;
/** Anthropic's least. */
export const THINKING_TOKENS = 1_024;

export const toolName = 'look_up';
export const toolDescription = 'Looks up the weather.';
export const toolSchema = {
  type: 'object',
  properties: {
    place: { type: 'string' },
    unit: { type: 'string' },
    days: { type: 'number' },
    note: { type: 'string' },
  },
  required: ['place', 'unit', 'days', 'note'],
  additionalProperties: false,
};

/** Of the wall's attentive answers. */
export const answerSchema = {
  type: 'object',
  properties: { json: { type: 'string' }, texts: { type: 'array', items: { type: 'string' } } },
  required: ['json', 'texts'],
  additionalProperties: false,
};

/** What the wall takes every input for. */
export const embedding = [0.125, -0.5, 0.75, 1];

export const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const dataUrlOf = (image: Uint8Array): string => `data:image/png;base64,${base64Of(image)}`;

export const classOf = (error: unknown): string =>
  error instanceof Error ? error.constructor.name : `no error: ${String(error)}`;

/** What a user of an SDK without types for a field writes. */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
