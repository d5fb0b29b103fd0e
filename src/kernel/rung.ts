// Rung: how much less than its best an answer may be in overload. One word for config, policy, facts and labels.

/**
 * Mildest first. `stale`: an older answer; `semantic`: a similar question's; `cheaper`: another model's; `default`: a text the
 * operator wrote.
 */
export const rungs = ['capTokens', 'stale', 'semantic', 'cheaper', 'default', 'shed'] as const;
export type Rung = (typeof rungs)[number];
