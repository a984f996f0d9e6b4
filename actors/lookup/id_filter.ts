import { getLogger } from "@logtape/logtape";
import { decodeTime, encodeTime } from "@std/ulid";
import type { Clock } from "actors/runtime/clock.ts";
import { BloomFilter } from "../bloom.ts";

const PAGE = 1_000;
/** Well below the age that a card may have: that there is none is such a card. */
const FOLLOW_MS = 10_000;
/** Ids carry the time of the node that made them, and its clock may be hours off. */
const CLOCKS_DIFFER_MS = 4 * 3_600_000;
/** A filter that grew has a layer more for each doubling, and each may err: from time to time one is made that fits. */
const REBUILD_MS = 24 * 3_600_000;

const log = getLogger(["barrage", "lookup"]);

/** Where reading stands: an id, and when it came into being, in milliseconds since 1970. */
export interface Mark {
  readonly id: string;
  readonly at: number;
}

/** What comes after `after`, in ascending order of the one or of the other. */
export type ReadMarks = (page: { readonly after: Mark; readonly limit: number }) => Promise<readonly Mark[]>;

const BEGINNING: Mark = { id: "", at: -1 };

export interface IdFilterStats {
  readonly ids: number;
  readonly layers: number;
  /** Reads that were refused here. */
  readonly refused: number;
  /** Reads that were let through and found nothing. */
  readonly falsePositives: number;
  readonly rebuilds: number;
}

/**
 * Which ids exist at all, so that a flood of those that do not costs no query. Errs on one side only: what it refuses
 * does not exist. Ids are ULIDs, which tell when they were made.
 */
export class IdFilter {
  #known = new BloomFilter();
  /** The filter that will be next, while it is made. */
  #next: BloomFilter | undefined;
  /** Every id whose own time is before this moment is known here, and none such will come into being any more. */
  #certainUntil = -Infinity;
  /** Everything that was there at this moment is known here; monotonic. */
  #completeAt = -Infinity;
  readonly #counts = { refused: 0, falsePositives: 0, rebuilds: 0 };

  get stats(): IdFilterStats {
    return { ids: this.#known.size, layers: this.#known.layers, ...this.#counts };
  }

  add(id: string): void {
    this.#known.add(id);
    this.#next?.add(id);
  }

  /** Whether the id does not exist; false when that is not certain. */
  refuses(id: string): boolean {
    if (madeAt(id) >= this.#certainUntil || this.#known.mayHave(id)) return false;
    this.#counts.refused++;
    return true;
  }

  /** Whether the id did not exist a short while ago: at `since` or later, monotonic. */
  lacked(id: string, since: number): boolean {
    if (this.#completeAt < since || this.#known.mayHave(id)) return false;
    this.#counts.refused++;
    return true;
  }

  /** There turned out to be none. */
  missed(id: string): void {
    if (this.#completeAt > -Infinity && this.#known.mayHave(id)) this.#counts.falsePositives++;
  }

  /** Reads every id once; until it is done nothing is refused. Those made meanwhile must come in by `add`. */
  async fill(read: ReadMarks, signal: AbortSignal): Promise<void> {
    if (await this.#readAll(read, BEGINNING, signal)) this.#certainUntil = this.#completeAt = Infinity;
  }

  /** As `fill`, of which it makes itself anew every day. */
  async fillDaily(read: ReadMarks, clock: Clock, signal: AbortSignal): Promise<void> {
    await this.fill(read, signal);
    while (!signal.aborted) {
      await pause(clock, REBUILD_MS, signal);
      await this.#attempt(() => this.#rebuild(read, signal));
    }
  }

  /**
   * As `fill`, but other nodes make ids too: reads on for what is new. With an id younger than the last look nobody is
   * refused for certain, with a margin for clocks that differ. `late`: things may get ids that were made long before, so
   * none is certain; then `read` goes by the time at which they came into being.
   */
  async follow(read: ReadMarks, clock: Clock, signal: AbortSignal, late = false): Promise<void> {
    let from = BEGINNING;
    let rebuildAt = clock.now() + REBUILD_MS;
    while (!signal.aborted) {
      const now = clock.now();
      const began = clock.monotonic();
      await this.#attempt(async () => {
        if (await this.#readAll(read, from, signal)) {
          const at = Math.max(0, now - CLOCKS_DIFFER_MS);
          if (!late) this.#certainUntil = at;
          this.#completeAt = began;
          from = { at, id: `${encodeTime(at, 10)}${"0".repeat(16)}` };
        }
        if (now < rebuildAt) return;
        await this.#rebuild(read, signal);
        rebuildAt = now + REBUILD_MS;
      });
      await pause(clock, FOLLOW_MS, signal);
    }
  }

  async #attempt(deed: () => Promise<void>): Promise<void> {
    try {
      await deed();
    } catch (error) {
      log.warn("Cannot read new ids; young ones will be looked up: {error}", { error });
    }
  }

  async #rebuild(read: ReadMarks, signal: AbortSignal): Promise<void> {
    const next = this.#next = new BloomFilter(Math.ceil(this.#known.size * 1.25));
    try {
      if (!await this.#readAll(read, BEGINNING, signal)) return;
      this.#known = next;
      this.#counts.rebuilds++;
    } finally {
      this.#next = undefined;
    }
  }

  /** False when it was ended before it was through. */
  async #readAll(read: ReadMarks, from: Mark, signal: AbortSignal): Promise<boolean> {
    let after = from;
    while (!signal.aborted) {
      const page = await read({ after, limit: PAGE });
      for (const { id } of page) this.add(id);
      if (page.length < PAGE) return true;
      after = page.at(-1)!;
    }
    return false;
  }
}

function madeAt(ulid: string): number {
  try {
    return decodeTime(ulid);
  } catch {
    // Not a ULID: nothing has such an id, whenever it was made.
    return -Infinity;
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener("abort", () => {
      cancel();
      resolve();
    }, { once: true });
  });
}
