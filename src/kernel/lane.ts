// Lane: the priority class of an exchange, given by its key. Order matters: earlier lanes are served first.

export const lanes = ['vip', 'standard', 'batch'] as const;
export type Lane = (typeof lanes)[number];

/** Tier: own capacity first, paid burst second, disaster reserve last. */
export const tiers = ['base', 'peak', 'standby'] as const;
export type Tier = (typeof tiers)[number];

/** What is asked for: one endpoint family each. Counting tokens is a chat that is not answered. */
export const surfaces = ['chat', 'completions', 'embeddings', 'countTokens'] as const;
export type Surface = (typeof surfaces)[number];
