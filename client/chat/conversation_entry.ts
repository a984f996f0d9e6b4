import type { Clock } from "../clock.ts";
import { ConversationHandle, type HandleParts } from "./conversation_handle.ts";
import { ConversationState, type Self } from "./conversation_state.ts";
import { isSame, viewOf } from "./conversation_view.ts";
import type { ChatLimits } from "./limits.ts";
import type { Outgoing } from "./outgoing.ts";
import { ShownMessages } from "./shown_messages.ts";
import { Typers } from "./typers.ts";
import type { ConversationView, ShownMessage } from "./views.ts";

/** The server tells the others no more often. */
const TYPING_MS = 3_000;

type Shared = Pick<HandleParts, "call" | "limits" | "outbox" | "reports">;

interface EntryParts extends Shared {
  readonly self: Self;
  readonly clock: Clock;
  readonly limits: ChatLimits;
  readonly outgoing: (conversation: string) => readonly Outgoing[];
  readonly changed: (entry: ConversationEntry) => void;
  readonly widen: (entry: ConversationEntry) => void;
  readonly type: (conversation: string) => void;
}

/** One conversation: what is known of it, and how it is shown. */
export class ConversationEntry {
  readonly state: ConversationState;
  readonly typers: Typers;
  readonly handle: ConversationHandle;
  readonly #parts: EntryParts;
  readonly #shown: ShownMessages;
  #view: ConversationView | undefined;
  #lines: readonly ShownMessage[] = [];
  #ends = "";
  /** Something has changed since the view and the lines were made. */
  #dirty = true;
  #viewChanged = false;
  #linesChanged = false;
  #typedAt = -Infinity;

  constructor(id: string, parts: EntryParts) {
    this.#parts = parts;
    this.state = new ConversationState(id, parts.self);
    this.#shown = new ShownMessages(parts.self);
    this.typers = new Typers(parts.clock, () => this.changed());
    this.handle = new ConversationHandle(id, {
      ...parts,
      state: () => this.state,
      view: () => this.view,
      messages: () => this.messages,
      changed: () => this.changed(),
      widen: () => parts.widen(this),
      type: () => this.#type(),
    });
  }

  get view(): ConversationView | undefined {
    this.#refresh();
    return this.#view;
  }

  get messages(): readonly ShownMessage[] {
    this.#refresh();
    return this.#lines;
  }

  changed(): void {
    this.#dirty = true;
    this.#parts.changed(this);
  }

  /** Tells what has changed since it was told last. True when the view has. */
  tell(): boolean {
    this.#refresh();
    const [view, lines] = [this.#viewChanged, this.#linesChanged];
    this.#viewChanged = this.#linesChanged = false;
    this.handle.tell({ view, lines });
    return view;
  }

  #refresh(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const outgoing = this.#parts.outgoing(this.state.id);
    const view = viewOf(this.state, this.typers.users, outgoing);
    if (view !== undefined && (this.#view === undefined || !isSame(view, this.#view))) {
      this.#view = view;
      this.#viewChanged = true;
    }
    const lines = this.#shown.of(this.state, outgoing);
    const ends = `${this.state.window.older} ${this.state.hasNewer}`;
    if (lines.length === this.#lines.length && lines.every((line, n) => line === this.#lines[n])) {
      if (ends === this.#ends) return;
    } else {
      this.#lines = lines;
    }
    this.#ends = ends;
    this.#linesChanged = true;
  }

  #type(): void {
    const now = this.#parts.clock.now();
    if (now - this.#typedAt < TYPING_MS) return;
    this.#typedAt = now;
    this.#parts.type(this.state.id);
  }
}
