// Loaded into every test file's process: ends the file when it does not end by itself, because a test left a timer, a
// socket or a server behind. node's own test timeout ends single tests only.
import { basename } from 'node:path';

const FILE_TIMEOUT_MS = 240_000;

setTimeout(() => {
  const open = process.getActiveResourcesInfo().join(', ');
  console.error(
    `${basename(process.argv[1] ?? '')} did not end after ${FILE_TIMEOUT_MS / 1000} s; still open: ${open}`,
  );
  process.exit(1);
}, FILE_TIMEOUT_MS).unref();
