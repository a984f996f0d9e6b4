/** Unlike any phrase and any other probe, so that no server can merge it with something else. */
const MARK = "probe·";

interface Probe {
  readonly sentAt: number;
  acceptedAt: number | undefined;
  readonly seenAt: number[];
}

export interface ProbeReport {
  /** From saying to seeing, in ms, one per probe and watcher; null when it was not seen before the report. */
  readonly seen: readonly (number | null)[];
  /** From saying to the server's answer, in ms. */
  readonly accepts: readonly number[];
  /** From the server's answer to the first watcher who sees it, in ms; negative when the frame is faster. */
  readonly afterAccepted: readonly number[];
}

/**
 * Messages with a text of their own among the crowd's phrases. Merged items hide who said what; a probe is found
 * again by its text. Talkers and watchers live in one process, so all times come from one monotonic clock.
 */
export class Probes {
  readonly #probes = new Map<string, Probe>();
  #said = 0;

  /** A new text, taken as said now. */
  say(): string {
    const text = `${MARK}${(++this.#said).toString(36)}`;
    this.#probes.set(text, { sentAt: performance.now(), acceptedAt: undefined, seenAt: [] });
    return text;
  }

  accepted(text: string): void {
    const probe = this.#probes.get(text);
    if (probe !== undefined) probe.acceptedAt = performance.now();
  }

  seen(text: string): void {
    if (text.startsWith(MARK)) this.#probes.get(text)?.seenAt.push(performance.now());
  }

  /** Forgets what was said so far: the measured window begins. */
  restart(): void {
    this.#probes.clear();
  }

  report(watchers: number): ProbeReport {
    const seen: (number | null)[] = [];
    const accepts: number[] = [];
    const afterAccepted: number[] = [];
    for (const { sentAt, acceptedAt, seenAt } of this.#probes.values()) {
      for (let i = 0; i < watchers; i++) seen.push(i < seenAt.length ? seenAt[i]! - sentAt : null);
      if (acceptedAt === undefined) continue;
      accepts.push(acceptedAt - sentAt);
      if (seenAt.length > 0) afterAccepted.push(seenAt[0]! - acceptedAt);
    }
    return { seen, accepts, afterAccepted };
  }
}
