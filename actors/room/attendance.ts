const STALE_MS = 30_000;

interface Report {
  readonly viewers: number;
  readonly tickMs: number;
  readonly at: number;
}

/** Viewers per node as the nodes report them; a node that falls silent is forgotten. */
export class AttendanceBook {
  readonly #reports = new Map<string, Report>();

  report(node: string, viewers: number, tickMs: number, now: number): void {
    if (viewers === 0) this.#reports.delete(node);
    else this.#reports.set(node, { viewers, tickMs, at: now });
    for (const [other, { at }] of this.#reports) if (now - at > STALE_MS) this.#reports.delete(other);
  }

  get online(): number {
    let sum = 0;
    for (const { viewers } of this.#reports.values()) sum += viewers;
    return sum;
  }

  /** The slowest node sets the pace, within the bounds. */
  tickMs(min: number, max: number): number {
    let slowest = min;
    for (const { tickMs } of this.#reports.values()) slowest = Math.max(slowest, tickMs);
    return Math.min(max, slowest);
  }
}
