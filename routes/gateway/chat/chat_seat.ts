import type { Frame } from "protocol/codec.ts";
import type { NotificationParams } from "protocol/methods.ts";
import type { ChatEvent, NoticeForm, PassingEvent } from "./chat_event.ts";

/** The sending side of a socket that chats; may close it when it does not keep up, and never throws. */
export interface ChatViewer {
  readonly codec: NoticeForm;
  send(frame: Frame): void;
  notify(method: string, params: unknown): void;
}

/** Its place in a conversation. */
interface Held {
  leave(): void;
}

type SeatLife =
  /** Word that comes while a sync is under way is passed on behind its answer. */
  | { readonly phase: "syncing"; readonly rung: Set<string> }
  | { readonly phase: "live" }
  | { readonly phase: "left" };

/** A socket that is told what is new in the conversations of its user, each from its sync on. */
export class ChatSeat {
  readonly #places = new Map<string, Held>();
  #life: SeatLife = { phase: "live" };

  constructor(
    readonly user: string,
    readonly viewer: ChatViewer,
    readonly onLeft: (seat: ChatSeat) => void,
  ) {}

  get syncing(): boolean {
    return this.#life.phase === "syncing";
  }

  get left(): boolean {
    return this.#life.phase === "left";
  }

  place(conversation: string): Held | undefined {
    return this.#places.get(conversation);
  }

  put(conversation: string, place: Held): void {
    this.#places.set(conversation, place);
  }

  /** The place is given up; the socket is not told. */
  drop(conversation: string): void {
    this.#places.get(conversation)?.leave();
    this.#places.delete(conversation);
  }

  send(event: ChatEvent | PassingEvent): void {
    this.viewer.send(event.in(this.viewer.codec));
  }

  notify(method: string, params: unknown): void {
    this.viewer.notify(method, params);
  }

  beginSync(): void {
    if (this.#life.phase === "live") this.#life = { phase: "syncing", rung: new Set() };
  }

  endSync(): void {
    if (this.#life.phase !== "syncing") return;
    const { rung } = this.#life;
    this.#life = { phase: "live" };
    for (const conversation of rung) this.stale(conversation);
  }

  /** What the socket knows of a conversation, and whether it is to be told of it, has to be asked anew. */
  stale(conversation: string): void {
    this.drop(conversation);
    switch (this.#life.phase) {
      case "syncing":
        this.#life.rung.add(conversation);
        break;
      case "live":
        this.#tell({ conversation });
        break;
      case "left":
        break;
    }
  }

  /** As `stale`, for every conversation. */
  allStale(): void {
    if (this.#life.phase === "left") return;
    for (const conversation of [...this.#places.keys()]) this.drop(conversation);
    this.#tell({});
  }

  leave(): void {
    if (this.#life.phase === "left") return;
    this.#life = { phase: "left" };
    for (const place of this.#places.values()) place.leave();
    this.#places.clear();
    this.onLeft(this);
  }

  #tell(what: NotificationParams<"chat.stale">): void {
    this.notify("chat.stale", what);
  }
}
