import type { Clock } from "actors/runtime/clock.ts";
import type { History, Message, ReadCursor } from "protocol/chat.ts";
import type { NotificationParams, Result } from "protocol/methods.ts";
import { Notebook } from "tests/support/notebook.ts";
import { CallFailed, type Dial, type Line, LOST } from "./line.ts";
import type { Copy, DeviceStory, Sight, Try } from "./story.ts";

const AGAIN_MS = 300;
const HISTORY_LIMIT = 100;

export interface DeviceOptions {
  readonly name: string;
  readonly user: string;
  readonly dial: Dial;
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** Messages of one page. */
  readonly limit: number;
  readonly fresh?: boolean;
}

type Connection = { readonly line: Line; readonly socket: string };

/** One device: while it wants to be online it connects, syncs whenever it is told to, and writes down all that it sees. */
export class ChatDevice {
  readonly notebook = new Notebook();
  readonly #options: DeviceOptions;
  readonly #sights: Sight[] = [];
  /** Conversations of which older messages are to be read, from before a place on. */
  readonly #older = new Map<string, number>();
  #wanted = false;
  #connecting = false;
  #connection: Connection | undefined;
  #syncing: Connection | undefined;
  #synced = false;
  #sockets = 0;
  behind: readonly string[] = [];
  /** Who asked last to be let in where. */
  readonly asked = new Map<string, string>();

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get user(): string {
    return this.#options.user;
  }

  get seen(): number {
    return this.#sights.length;
  }

  /** It is connected, and knows of nothing that it misses. */
  get settled(): boolean {
    return this.#connection !== undefined && this.#synced && this.#syncing === undefined &&
      !this.notebook.stale && this.#older.size === 0;
  }

  get online(): boolean {
    return this.#wanted;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get story(): DeviceStory {
    const { name: device, user, fresh = false } = this.#options;
    const copies = new Map<string, Copy>();
    for (const [id, state] of this.notebook.states) {
      copies.set(id, { state, messages: this.notebook.messages(id) });
    }
    return { device, user, fresh, sights: this.#sights, copies, behind: this.behind };
  }

  goOnline(): void {
    this.#wanted = true;
    void this.#connect();
  }

  goOffline(): void {
    this.#wanted = false;
    this.#connection?.line.close();
    this.#drop();
  }

  /** Asks for all that is new, as if it had been told to. */
  refresh(): void {
    this.notebook.stale = true;
    void this.#sync();
  }

  /** Calls once; undefined when there is no connection. */
  async call(method: string, params: Record<string, unknown>): Promise<Try | undefined> {
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    const { clock } = this.#options;
    const { line, socket } = connection;
    const at = clock.monotonic();
    let answered: { readonly at: number; readonly result: unknown } | undefined;
    try {
      await line.call(method, params, (result) => answered = { at: clock.monotonic(), result });
      return { socket, at, answer: "ok", answeredAt: answered?.at, result: answered?.result };
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      const answer = error.reason === LOST ? undefined : error.reason;
      const answeredAt = answer === undefined ? undefined : clock.monotonic();
      return { socket, at, answer, answeredAt, result: undefined };
    }
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    while (this.#wanted && this.#connection === undefined) {
      let mine: Connection | undefined;
      try {
        const line = await this.#options.dial({
          hear: (method, params) => {
            if (this.#connection === mine) this.#hear(method, params);
          },
          lost: () => {
            if (this.#connection !== mine || mine === undefined) return;
            this.#drop();
            void this.#connect();
          },
        });
        mine = { line, socket: `${this.name} ${++this.#sockets}` };
        if (this.#wanted) {
          this.#connection = mine;
          this.#see({ kind: "opened", at: this.#now });
          void this.#sync();
        } else line.close();
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        await this.#pause();
      }
    }
    this.#connecting = false;
  }

  #drop(): void {
    this.#connection = undefined;
    this.#syncing = undefined;
    this.#synced = false;
  }

  async #sync(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || this.#syncing !== undefined) return;
    this.#syncing = connection;
    let more = true;
    while (more && this.#syncing === connection) {
      this.notebook.stale = false;
      const { since } = this.notebook;
      const askedAt = this.#now;
      try {
        await connection.line.call("chat.sync", { since, limit: this.#options.limit }, (result) => {
          if (this.#connection !== connection) return;
          const { deltas, more: left } = result as Result<"chat.sync">;
          this.#see({ kind: "synced", at: this.#now, askedAt, since, deltas });
          this.#take(deltas, left);
          more = left || this.notebook.stale;
        });
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        await this.#pause();
      }
    }
    if (this.#syncing !== connection) return;
    await this.#readOlder(connection);
    if (this.#syncing !== connection) return;
    this.#syncing = undefined;
    this.#synced = true;
    if (this.notebook.stale || this.#older.size > 0) void this.#sync();
  }

  #take(deltas: Result<"chat.sync">["deltas"], more: boolean): void {
    this.notebook.apply(deltas, more);
    for (const delta of deltas) {
      for (const message of delta.messages) this.#notice(message);
      if (delta.state !== "member" || !delta.skipped) continue;
      const first = Math.min(...delta.messages.map(({ seq }) => seq));
      if (Number.isFinite(first)) this.#older.set(delta.conversation.id, first);
    }
  }

  /** Who comes into a group may be shown what was said before. */
  #notice(message: Message): void {
    if (message.kind !== "change" || message.change.what !== "joined" || message.seq === 1) return;
    if (!message.change.users.some(({ id }) => id === this.user)) return;
    this.#older.set(message.conversation, message.seq);
  }

  async #readOlder(connection: Connection): Promise<void> {
    for (const [conversation, before] of this.#older) {
      this.#older.delete(conversation);
      for (let next: number | undefined = before; next !== undefined;) {
        if (this.#syncing !== connection) return void this.#older.set(conversation, next);
        const askedAt = this.#now;
        const params = { conversation, before: next, limit: HISTORY_LIMIT };
        try {
          await connection.line.call("chat.history", params, (result) => {
            const { messages, older } = result as History;
            this.#see({ kind: "history", at: this.#now, askedAt, conversation, messages });
            this.notebook.keep(messages);
            const first = messages[0]?.seq;
            next = older && first !== undefined ? first : undefined;
          });
        } catch (error) {
          if (!(error instanceof CallFailed)) throw error;
          // He has gone meanwhile.
          if (error.reason === "forbidden") break;
          await this.#pause();
        }
      }
    }
  }

  #hear(method: string, params: unknown): void {
    const at = this.#now;
    if (method === "chat.read") return this.#see({ kind: "read", at, cursor: params as ReadCursor });
    if (method === "chat.asked") {
      const { conversation, user } = params as NotificationParams<"chat.asked">;
      this.asked.set(conversation, user.id);
    }
    if (!this.notebook.tell(method, params)) return;
    if (method === "chat.stale") {
      const { conversation } = params as { conversation?: string };
      this.#see({ kind: "stale", at, conversation });
      void this.#sync();
    } else {
      const message = params as Message;
      this.#see({ kind: "told", at, message });
      this.#notice(message);
      if (this.#older.size > 0) void this.#sync();
    }
  }

  #see(sight: Sight): void {
    this.#sights.push(sight);
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(AGAIN_MS, resolve));
  }
}
