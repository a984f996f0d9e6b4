/** When something was measured, and how busy the machine was. */
export interface Occasion {
  readonly date: string;
  /** Processes that wanted to run in the minute before; near zero on a machine that is ours alone. */
  readonly loadAverage: string;
}

export function occasionNow(): Occasion {
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    loadAverage: Deno.loadavg()[0]!.toFixed(1),
  };
}

export interface Machine extends Occasion {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly deno: string;
  /** Undefined when none of them was run. */
  readonly peers: string | undefined;
}

export async function describeMachine(peers: string | undefined): Promise<Machine> {
  const processors = await Deno.readTextFile("/proc/cpuinfo");
  return {
    ...occasionNow(),
    processor: /^model name\s*: (.+)$/m.exec(processors)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 1_024 ** 3),
    system: `Linux ${Deno.osRelease()}`,
    deno: Deno.version.deno,
    peers,
  };
}

/** @throws {Error} when a process may not hold that many sockets at once. */
export async function checkOpenFiles(sockets: number): Promise<void> {
  const limits = await Deno.readTextFile("/proc/self/limits");
  // Deno and Node.js raise the soft limit to the hard one when they start.
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined || hard === "unlimited" || Number(hard) >= sockets + 200) return;
  throw new Error(`Cannot open ${sockets} sockets in one process: the limit is ${hard}; raise ulimit -Hn`);
}
