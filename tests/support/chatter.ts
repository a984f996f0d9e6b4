import type { Conversation, ConversationDelta, Message, Sent } from "protocol/chat.ts";
import type { Result } from "protocol/methods.ts";
import { HttpClient } from "./http_client.ts";
import type { Server } from "./server.ts";
import { SocketClient, type SocketClientOptions } from "./socket_client.ts";

type SyncPage = Result<"chat.sync">;

const PASSWORD = "correct horse battery staple";
let people = 0;
let sends = 0;

/** Somebody with an account. */
export class Person {
  private constructor(readonly id: string, readonly token: string) {}

  static async register(server: Pick<Server, "url">): Promise<Person> {
    const login = `chatter-${Deno.pid}-${++people}`;
    const { status, body } = await new HttpClient(server.url).post<{ token: string; user: { id: string } }>(
      "/v1/accounts",
      { login, password: PASSWORD, transport: "body" },
    );
    if (status !== 201) throw new Error(`Cannot register: ${JSON.stringify(body)}`);
    return new Person(body.user.id, body.token);
  }

  http(server: Pick<Server, "url">): HttpClient {
    return new HttpClient(server.url, this.token);
  }

  /** A device of this person that has said hello, and nothing else. */
  async connect(server: Pick<Server, "socketUrl">, options: SocketClientOptions = {}): Promise<Device> {
    return new Device(this, await SocketClient.greet(server.socketUrl, this.token, options));
  }

  /** A device that has synced. */
  async live(server: Pick<Server, "socketUrl">, options: SocketClientOptions = {}): Promise<Device> {
    const device = await this.connect(server, options);
    await device.sync();
    return device;
  }
}

/** What a client keeps: messages by conversation and place, and the version of each conversation. */
export class Device implements AsyncDisposable {
  readonly versions = new Map<string, number>();
  readonly conversations = new Map<string, Conversation>();
  readonly states = new Map<string, ConversationDelta["state"]>();
  readonly #messages = new Map<string, Map<number, Message>>();
  /** Every notification of a message, in the order received. */
  readonly told: Message[] = [];
  #stale = false;

  constructor(readonly person: Person, readonly socket: SocketClient) {}

  /** Until nothing is missing; returns the pages. */
  async sync(limit = 500): Promise<SyncPage[]> {
    const pages: SyncPage[] = [];
    for (;;) {
      this.drain();
      this.#stale = false;
      const page = await this.socket.call<SyncPage>("chat.sync", {
        since: Object.fromEntries(this.versions),
        limit,
      });
      pages.push(page);
      for (const delta of page.deltas) this.#apply(delta);
      if (!page.more) return pages;
    }
  }

  async send(to: Person | string, text: string, id = `m${++sends}`): Promise<Sent> {
    const target = typeof to === "string" ? { conversation: to } : { to: to.id };
    return await this.socket.call<Sent>("chat.send", { ...target, id, text });
  }

  /** A group of these people, who have joined. */
  async group(others: readonly Device[], settings: Record<string, unknown> = {}): Promise<string> {
    const { id } = await this.socket.call<Conversation>("chat.create", {
      id: `group${++sends}`,
      title: "Group",
      join: "open",
      ...settings,
    });
    for (const other of others) await other.socket.call("chat.join", { conversation: id });
    return id;
  }

  /** What it has of a conversation, by place. */
  messages(conversation: string): Message[] {
    this.drain();
    const known = this.#messages.get(conversation) ?? new Map<number, Message>();
    return [...known.values()].sort((a, b) => a.seq - b.seq);
  }

  texts(conversation: string): string[] {
    return this.messages(conversation).map((message) =>
      message.kind === "sent" ? message.text ?? "" : message.kind
    );
  }

  /** Follows what is told, syncing when it is told to, until the condition holds. */
  async until(condition: () => boolean, wanted: string, ms = 10_000): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    for (;;) {
      this.drain();
      if (this.#stale) await this.sync();
      if (condition()) return;
      const before = this.socket.inbox.length;
      await this.socket.until(() => this.socket.inbox.length > before || condition(), wanted, signal);
    }
  }

  async has(conversation: string, text: string): Promise<void> {
    await this.until(() => this.texts(conversation).includes(text), text);
  }

  /** Takes what was told. */
  drain(): void {
    const { inbox } = this.socket;
    for (let n = 0; n < inbox.length;) {
      const message = inbox[n] as { readonly method?: string; readonly params?: unknown };
      if (message.method === "chat.message" || message.method === "chat.recalled") {
        const told = message.params as Message;
        this.told.push(told);
        this.#keep(told);
        this.#know(told.conversation, told.version);
        inbox.splice(n, 1);
      } else if (message.method === "chat.stale") {
        this.#stale = true;
        inbox.splice(n, 1);
      } else {
        n++;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket[Symbol.asyncDispose]();
  }

  #apply(delta: ConversationDelta): void {
    const { id } = delta.conversation;
    this.states.set(id, delta.state);
    this.#know(id, delta.version);
    if (delta.state === "member") this.conversations.set(id, delta.conversation);
    for (const message of delta.messages) this.#keep(message);
  }

  #know(conversation: string, version: number): void {
    this.versions.set(conversation, Math.max(this.versions.get(conversation) ?? 0, version));
  }

  #keep(message: Message): void {
    const known = this.#messages.get(message.conversation);
    if (known === undefined) {
      this.#messages.set(message.conversation, new Map([[message.seq, message]]));
      return;
    }
    const before = known.get(message.seq);
    if (before === undefined || before.version < message.version) known.set(message.seq, message);
  }
}
