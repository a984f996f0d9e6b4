import { ERRORS } from "protocol/errors.ts";
import type { Dropped, Item, RoomFrame, SayStyle } from "protocol/items.ts";
import type { Joined, Mute } from "protocol/rooms.ts";
import { backoff } from "./backoff.ts";
import type { CallMethod } from "./call.ts";
import type { Clock } from "./clock.ts";
import { Cursor } from "./cursor.ts";
import { Emitter } from "./emitter.ts";
import { BarrageCallError } from "./errors.ts";

export type RoomStatus =
  | { readonly status: "outside"; readonly error?: BarrageCallError }
  | { readonly status: "joining" }
  | { readonly status: "inside" };

export interface RoomEvents {
  /** New items in order, each once. `replay` is what a join returned, `live` what happens now. */
  items: [items: readonly Item[], source: "live" | "replay"];
  /** Every frame that brought something new, as it came. */
  frame: [RoomFrame];
  online: [number];
  /** Items were lost for good; `dropped` counts them, where known. */
  gap: [{ readonly dropped: Dropped | undefined }];
  /** What the server left out of a frame, exactly. */
  dropped: [Dropped];
  ended: [];
  state: [RoomStatus];
}

export interface RoomParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isOpen: () => boolean;
  readonly forget: () => void;
  /** The room is not being entered any more: calls that waited for it may go. */
  readonly settled: () => void;
}

/** Frames that may wait while a join is under way; over it the join is repeated. */
const HELD_MAX = 100;

/** A room as one viewer sees it. Once joined it stays joined across reconnects until `leave()`. */
export class Room {
  readonly id: string;
  readonly #parts: RoomParts;
  readonly #events = new Emitter<RoomEvents>();
  readonly #cursor = new Cursor();
  #status: RoomStatus = { status: "outside" };
  #wanted = false;
  #paused = false;
  #joining: Promise<Joined> | undefined;
  #held: RoomFrame[] = [];
  #retries = 0;
  #retryTimer: unknown;

  /** Made by `Barrage.room()`. */
  constructor(id: string, parts: RoomParts) {
    this.id = id;
    this.#parts = parts;
  }

  get state(): RoomStatus {
    return this.#status;
  }

  on<Name extends keyof RoomEvents>(name: Name, listener: (...args: RoomEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** @throws {BarrageCallError} `not_found`, `gone`, `forbidden`, or `timeout` when there is no connection. */
  async join(): Promise<Joined> {
    this.#wanted = true;
    try {
      return await this.#enter();
    } catch (error) {
      this.#wanted = false;
      this.#move({ status: "outside", ...(error instanceof BarrageCallError && { error }) });
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.#wanted = false;
    this.#parts.clock.clear(this.#retryTimer);
    this.#parts.forget();
    const inside = this.#status.status !== "outside";
    this.#move({ status: "outside" });
    this.#events.clear();
    if (inside) await this.#parts.call("room.leave", { room: this.id });
  }

  /** Only a summary comes from now on; holds across reconnects. */
  pause(): Promise<void> {
    return this.#setPaused(true);
  }

  unpause(): Promise<void> {
    return this.#setPaused(false);
  }

  /**
   * Resolves when the message is durable. Carries an id, so that it is said once however often it has to be sent.
   * @throws {BarrageCallError} `rate_limited` (with `retryAfterMs`), `muted`, `gone`, `invalid_params`, `timeout`.
   */
  async say(
    text: string,
    options: { style?: SayStyle; id?: string; timeoutMs?: number } = {},
  ): Promise<void> {
    const { id = newId(), style, timeoutMs } = options;
    await this.#parts.call("room.say", { room: this.id, text, id, ...(style && { style }) }, {
      repeatable: true,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  /**
   * Lets somebody not speak here for so many milliseconds; for the owner, moderators and operators.
   * @throws {BarrageCallError} `forbidden`, `invalid_params`.
   */
  async mute(user: string, forMs: number): Promise<Mute> {
    return await this.#parts.call("room.mute", { room: this.id, user, forMs }, { repeatable: true });
  }

  /** Lets him speak again. */
  async unmute(user: string): Promise<void> {
    await this.#parts.call("room.unmute", { room: this.id, user }, { repeatable: true });
  }

  /** @ignore called by Barrage */
  receive(frame: RoomFrame): void {
    switch (this.#status.status) {
      case "outside":
        return;
      case "joining":
        this.#held.push(frame);
        if (this.#held.length > HELD_MAX) this.#held.shift();
        return;
      case "inside":
        return this.#take(frame);
    }
  }

  /** Resolves when the first attempt to be inside again has ended. @ignore called by Barrage */
  async linkOpened(): Promise<void> {
    this.#retries = 0;
    if (this.#joining) await this.#joining;
    else if (this.#wanted) await this.#rejoin();
  }

  /** @ignore called by Barrage */
  linkLost(): void {
    this.#parts.clock.clear(this.#retryTimer);
    this.#held = [];
    if (this.#status.status === "inside") this.#move({ status: "joining" });
  }

  #take(frame: RoomFrame): void {
    const taken = this.#cursor.take(frame);
    switch (taken.kind) {
      case "stale":
        return;
      case "gap":
        this.#rejoin();
        return this.receive(frame);
      case "fresh":
        this.#events.emit("frame", frame);
        if (taken.items.length > 0) this.#events.emit("items", taken.items, "live");
        if (taken.dropped) this.#events.emit("dropped", taken.dropped);
        if (frame.live?.online !== undefined) this.#events.emit("online", frame.live.online);
        if (frame.state === "ended") this.#events.emit("ended");
    }
  }

  /** One join at a time, whoever asks. */
  #enter(): Promise<Joined> {
    this.#joining ??= this.#callJoin();
    return this.#joining;
  }

  /**
   * Replay, cutover, live: from here on frames are held back. The reply brings everything up to `joined.offset`
   * (replay) and moves the cursor there (cutover); the held frames follow, and the cursor lets pass only what lies
   * behind it (live). So nothing comes twice and nothing is missed, whatever order reply and frames arrived in.
   */
  async #callJoin(): Promise<Joined> {
    this.#move({ status: "joining" });
    const resume = this.#cursor.position;
    try {
      const joined = await this.#parts.call("room.join", { room: this.id, ...(resume && { resume }) }, {
        repeatable: true,
      });
      this.#joining = undefined;
      if (this.#wanted) this.#cutOver(joined);
      return joined;
    } catch (error) {
      this.#joining = undefined;
      throw error;
    }
  }

  #cutOver(joined: Joined): void {
    const { items, lost } = this.#cursor.enter(joined);
    this.#retries = 0;
    this.#move({ status: "inside" });
    if (this.#paused) this.#pauseAgain();
    if (lost) this.#events.emit("gap", { dropped: joined.dropped });
    if (items.length > 0) this.#events.emit("items", items, "replay");
    this.#events.emit("online", joined.online);
    for (const frame of this.#held.splice(0)) this.receive(frame);
  }

  /** A failure costs frames that nobody looks at, and the next join repeats the call. */
  #pauseAgain(): void {
    this.#parts.call("room.pause", { room: this.id }).catch((error: unknown) => {
      if (!(error instanceof BarrageCallError)) throw error;
    });
  }

  async #rejoin(): Promise<void> {
    try {
      await this.#enter();
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      this.#rejoinFailed(error);
    }
  }

  #rejoinFailed(error: BarrageCallError): void {
    if (!this.#wanted || !this.#parts.isOpen()) return;
    if (!ERRORS[error.reason].retry) {
      this.#wanted = false;
      return this.#move({ status: "outside", error });
    }
    const waitMs = (error.retryAfterMs ?? 0) + backoff(1 + this.#retries++, this.#parts.random);
    const { clock } = this.#parts;
    clock.clear(this.#retryTimer);
    this.#retryTimer = clock.set(() => this.#wanted && !this.#joining && this.#rejoin(), waitMs);
  }

  async #setPaused(paused: boolean): Promise<void> {
    this.#paused = paused;
    if (this.#status.status !== "inside") return;
    await this.#parts.call(paused ? "room.pause" : "room.unpause", { room: this.id });
  }

  #move(status: RoomStatus): void {
    if (status.status === this.#status.status && status.status !== "outside") return;
    this.#status = status;
    this.#events.emit("state", status);
    if (status.status !== "joining") this.#parts.settled();
  }
}

/** 80 random bits: the id has to be unique among one user's messages only. */
function newId(): string {
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => digits[byte % 32]).join("");
}
