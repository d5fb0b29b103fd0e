// Dialect names: the wire formats there are. Callers speak the first three; far sides speak all.

export const dialectNames = ['openai', 'anthropic', 'responses', 'converse'] as const;
export type DialectName = (typeof dialectNames)[number];
