// Cache schema: what a user may write about kept answers: a model's `cache`, and `signing` for addresses that caches outside
// can keep.
import { z } from 'zod';
import { defaultCache, defaultSemantic } from './defaults.ts';
import { flag, ms, percent, text, whole } from './schema-parts.ts';

const SECONDS_MAX = 31_536_000;
const seconds = (description: string, byDefault: number, min: number) =>
  whole(description, { min, max: SECONDS_MAX }, byDefault);

const semantic = z
  .strictObject({
    enabled: flag('Look at similar questions.', true),
    model: text('Public name of the embeddings model that says what is similar. Left out: the built-in lexical one.'),
    errorPercent: z
      .number()
      .min(0.1)
      .max(20)
      .meta({
        description: 'Largest share of wrong answers among those given, in percent.',
        default: defaultSemantic.errorPercent,
      })
      .optional(),
    verifyFirst: whole(
      'Answers that are compared with new ones before any is given.',
      { min: 20, max: 100_000 },
      defaultSemantic.verifyFirst,
    ),
    samplePercent: percent('Share of them that is compared thereafter.', defaultSemantic.samplePercent, 1),
    timeoutMs: ms('Longest that a request waits for it all.', defaultSemantic.timeoutMs),
  })
  .meta({ description: 'Give similar questions each other’s answers, as far as that is measured to be right.' })
  .optional();

export const cache = z
  .strictObject({
    enabled: flag('Keep answers and give them again.', true),
    ttlSeconds: seconds('How long an answer is given as fresh.', defaultCache.ttlSeconds, 1),
    scope: z
      .enum(['tenant', 'public'])
      .meta({ description: '`tenant`: to the same key only. `public`: to every key.', default: defaultCache.scope })
      .optional(),
    staleWhileRevalidateSeconds: seconds(
      'How long after that it is given while it is made anew.',
      defaultCache.staleWhileRevalidateSeconds,
      0,
    ),
    staleIfErrorSeconds: seconds(
      'How long after that it is kept for when nobody can answer; only with `degrade.staleAnswers`.',
      defaultCache.staleIfErrorSeconds,
      0,
    ),
    anyTemperature: flag('Keep answers whatever the temperature, not only at 0.', defaultCache.anyTemperature),
    tools: flag('Keep answers in text to requests that offered functions.', defaultCache.tools),
    hitChargePercent: percent(
      'Share of a kept answer’s tokens that counts against the key’s limit.',
      defaultCache.hitChargePercent,
      0,
    ),
    replayTokensPerSecond: whole('Pace at which a kept answer is told as a stream. Leave it out for all at once.', {
      min: 1,
      max: 1e6,
    }),
    saveRequests: flag(
      'Remember in memory what was asked most, for `spillway cache top --save`. Requests may hold personal data.',
      defaultCache.saveRequests,
    ),
    semantic,
  })
  .meta({ description: 'Keep answers and give them again; `{}` does with the defaults. Left out: nothing is kept.' })
  .optional();

export const signing = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: text('Up to 16 lower-case letters and digits, told in the address.'),
          secret: text('At least 32 characters. Write `${NAME}` to take it from the environment.'),
        }),
      )
      .min(1)
      .max(16)
      .meta({ description: 'The first signs; addresses signed by any of them are served.' })
      .optional(),
    payer: text('Name of the key in whose name they are asked. Needed where there are `keys`.'),
  })
  .meta({ description: 'Serve requests that are addresses: `GET /v1/cached/…`, signed by the gateway itself.' })
  .optional();

export type FileSigning = z.output<typeof signing>;
