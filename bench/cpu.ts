// CPU time of a process: user and system, all threads, its children included, from Linux's /proc.
// Reads the scheduler's nanoseconds where the kernel has them (schedstat), else its clock ticks of 10 ms (stat).
// Call it while the process rests: the kernel books the time of a running thread late.
import { readdirSync, readFileSync } from 'node:fs';

/** The CPU time that the process and its living children have used so far, in µs. */
export function cpuMicros(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + threadsMicros(member), 0);
}

/** Sum over the threads; a thread that ends takes its time with it, which Node's and nginx's never do. */
function threadsMicros(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadMicros(`/proc/${pid}/task/${thread}`), 0);
}

function threadMicros(folder: string): number {
  const precise = read(`${folder}/schedstat`);
  if (precise !== null) return Number(precise.split(' ')[0]) / 1_000;
  return ticksOf(read(`${folder}/stat`) ?? '') * MICROS_PER_TICK;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** utime + stime of a /proc stat line. The name before them may hold spaces and brackets, so count from its end. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** The process and its living descendants: nginx's master and its worker, for one. */
export function familyOf(pid: number): number[] {
  const children = (read(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter((part) => part !== '');
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
