const STALE_MS = 30_000;

interface Report {
  readonly viewers: number;
  readonly tickMs: number;
  readonly at: number;
}

/** Viewers per node as the nodes report them; a node that falls silent is forgotten. `now` is monotonic. */
export class AttendanceBook {
  readonly #reports = new Map<string, Report>();

  report(node: string, viewers: number, tickMs: number, now: number): void {
    if (viewers === 0) this.#reports.delete(node);
    else this.#reports.set(node, { viewers, tickMs, at: now });
  }

  online(now: number): number {
    this.#forgetStale(now);
    let sum = 0;
    for (const { viewers } of this.#reports.values()) sum += viewers;
    return sum;
  }

  /** The slowest node sets the pace, within the bounds. */
  tickMs(min: number, max: number, now: number): number {
    this.#forgetStale(now);
    let slowest = min;
    for (const { tickMs } of this.#reports.values()) slowest = Math.max(slowest, tickMs);
    return Math.min(max, slowest);
  }

  #forgetStale(now: number): void {
    for (const [node, { at }] of this.#reports) if (now - at > STALE_MS) this.#reports.delete(node);
  }
}
