import type { ConversationDelta } from "protocol/chat.ts";
import { ERRORS } from "protocol/errors.ts";
import { backoff } from "../backoff.ts";
import type { CallMethod } from "../call.ts";
import type { Clock } from "../clock.ts";
import { BarrageCallError } from "../errors.ts";
import type { ChatState } from "./views.ts";

/** The server lets one call name so many. */
const KNOWN_MAX = 1_000;

export type Versions = Readonly<Record<string, number>>;

interface SyncParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  /** By conversation. */
  readonly known: () => ReadonlyMap<string, number>;
  /** False when nothing of it was new. @param since What was asked with. */
  readonly apply: (deltas: readonly ConversationDelta[], since: Versions, more: boolean) => boolean;
  readonly changed: (state: ChatState) => void;
}

interface Range {
  readonly after?: string;
  readonly until?: string;
}

/**
 * Keeps a socket live. A sync goes out with each new link, and whenever the server says that something was missed; what
 * is said while one is under way leads to another behind it, as the server lets a socket make one at a time. It goes page
 * by page until nothing is missing; who knows more conversations than one call may name asks for one range of ids after
 * the other.
 */
export class ChatSync {
  readonly #parts: SyncParts;
  #state: ChatState = { status: "off" };
  /** Grows with every link; 0 while there is none. */
  #link = 0;
  #links = 0;
  #wanted = false;
  /** The link on which a sync is under way. */
  #running = false;
  #again = false;
  #failures = 0;
  #timer: unknown;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  get state(): ChatState {
    return this.#state;
  }

  start(): void {
    if (this.#wanted && this.#state.status !== "refused") return;
    this.#wanted = true;
    this.#enter({ status: "syncing" });
    this.need();
  }

  opened(): void {
    this.#link = ++this.#links;
    this.#failures = 0;
    if (!this.#wanted || this.#state.status === "refused") return;
    this.#enter({ status: "syncing" });
    this.need();
  }

  lost(): void {
    this.#link = 0;
    this.#parts.clock.clear(this.#timer);
    if (this.#state.status === "live") this.#enter({ status: "syncing" });
  }

  /** Something was missed. */
  need(): void {
    this.#again = true;
    this.#parts.clock.clear(this.#timer);
    if (!this.#running) this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#again && this.#link !== 0 && this.#wanted) {
        this.#again = false;
        const link = this.#link;
        for (const range of this.#ranges()) await this.#syncRange(range, link);
        if (link !== this.#link) continue;
        this.#failures = 0;
        if (!this.#again) this.#enter({ status: "live" });
      }
    } catch (error) {
      this.#again = true;
      this.#failed(error);
    } finally {
      this.#running = false;
    }
  }

  async #syncRange(range: Range, link: number): Promise<void> {
    for (let more = true; more && link === this.#link;) {
      const since = this.#sinceIn(range);
      const page = await this.#parts.call("chat.sync", { since, ...range });
      more = page.more;
      const moved = this.#parts.apply(page.deltas, since, more);
      if (more && !moved) {
        throw new BarrageCallError("unavailable", "Cannot sync: the server goes on with nothing");
      }
    }
  }

  #ranges(): Range[] {
    const ids = [...this.#parts.known().keys()].sort();
    const borders = ids.filter((_, n) => n % KNOWN_MAX === KNOWN_MAX - 1 && n < ids.length - 1);
    return [...borders, undefined].map((until, n) => ({
      ...(n === 0 ? {} : { after: borders[n - 1]! }),
      ...(until === undefined ? {} : { until }),
    }));
  }

  /** New ones may have come into the range since its borders were drawn: those are asked for as unknown. */
  #sinceIn({ after = "", until }: Range): Versions {
    const within = [...this.#parts.known()].filter(([id]) =>
      id > after && (until === undefined || id <= until)
    );
    return Object.fromEntries(within.slice(0, KNOWN_MAX));
  }

  #failed(error: unknown): void {
    if (!(error instanceof BarrageCallError)) throw error;
    if (error.reason === "forbidden") return this.#enter({ status: "refused", error });
    // The next link begins with a sync.
    if (this.#link === 0) return;
    const { clock, random } = this.#parts;
    const atLeastMs = error.retryAfterMs ?? (ERRORS[error.reason].retry ? 0 : 1_000);
    this.#timer = clock.set(() => this.need(), atLeastMs + backoff(this.#failures++, random));
  }

  #enter(state: ChatState): void {
    if (state.status === this.#state.status) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
