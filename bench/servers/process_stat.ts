/** Ticks per second in /proc: 100 on every Linux that Deno runs on (USER_HZ is fixed there). */
const USER_HZ = 100;

/** CPU seconds, user and system, that all threads of the process have used. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; the fields after it do not (proc(5): 14 is utime, 15 is stime).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

/** Resident memory of the process in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`Cannot read the memory of process ${pid}: no VmRSS`);
  return Number(kib) * 1_024;
}
