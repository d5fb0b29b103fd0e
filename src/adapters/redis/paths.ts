// Paths: where things lie in Redis, below the installation's prefix.

export const answerPath = (prefix: string, key: string): string => `${prefix}:answer:${key}`;
/** Hash of purges, newest numbers by scope. */
export const purgesPath = (prefix: string): string => `${prefix}:purges`;
/** Channel on which a purge is told. */
export const purgeChannel = (prefix: string): string => `${prefix}:purge`;
/** Who makes the answer now, among all gateways. */
export const leasePath = (prefix: string, key: string): string => `${prefix}:lease:${key}`;
