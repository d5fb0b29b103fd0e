// Awake: holds the process open while a command waits for nothing but time. The system's timers do not.
import { MessageChannel } from 'node:worker_threads';

/** Runs `work` to its end, whatever else is open. */
export async function awake<Value>(work: () => Promise<Value>): Promise<Value> {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => {});
  try {
    return await work();
  } finally {
    port1.close();
    port2.close();
  }
}
