// Exit codes: what a shell script can tell apart.
export const exitCodes = {
  done: 0,
  /** The configuration is bad, or the port is taken: the user must change something. */
  failed: 1,
  /** The command was written wrongly, or names a file that is not there. */
  usage: 2,
} as const;
