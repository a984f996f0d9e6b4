import type { Conversation, Sent } from "protocol/chat.ts";
import type { Result } from "protocol/methods.ts";
import { HttpClient } from "./http_client.ts";
import { Notebook } from "./notebook.ts";
import type { Server } from "./server.ts";
import { SocketClient, type SocketClientOptions } from "./socket_client.ts";

type SyncPage = Result<"chat.sync">;

const PASSWORD = "correct horse battery staple";
let people = 0;
let names = 0;

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

/** One device of a person, over one socket. */
export class Device implements AsyncDisposable {
  readonly #notebook = new Notebook();

  constructor(readonly person: Person, readonly socket: SocketClient) {}

  /** What it has kept, with all that was told so far. */
  get notebook(): Notebook {
    const { inbox } = this.socket;
    for (let n = 0; n < inbox.length;) {
      const message = inbox[n]!;
      if ("method" in message && this.#notebook.tell(message.method, message.params)) inbox.splice(n, 1);
      else n++;
    }
    return this.#notebook;
  }

  /** Until nothing is missing; returns the pages. */
  async sync(limit = 500): Promise<SyncPage[]> {
    const pages: SyncPage[] = [];
    for (;;) {
      const { notebook } = this;
      notebook.stale = false;
      const page = await this.socket.call<SyncPage>("chat.sync", { since: notebook.since, limit });
      pages.push(page);
      notebook.apply(page.deltas, page.more);
      if (!page.more) return pages;
    }
  }

  async send(to: Person | string, text: string, id = `m${++names}`): Promise<Sent> {
    const target = typeof to === "string" ? { conversation: to } : { to: to.id };
    return await this.socket.call<Sent>("chat.send", { ...target, id, text });
  }

  /** A group of these people, who have joined. */
  async group(others: readonly Device[], settings: Record<string, unknown> = {}): Promise<string> {
    const { id } = await this.socket.call<Conversation>("chat.create", {
      id: `group${++names}`,
      title: "Group",
      join: "open",
      ...settings,
    });
    for (const other of others) await other.socket.call("chat.join", { conversation: id });
    await this.sync();
    return id;
  }

  texts(conversation: string): string[] {
    return this.notebook.texts(conversation);
  }

  /** Follows what is told, syncing when it is told to, until the condition holds. */
  async until(condition: (notebook: Notebook) => boolean, wanted: string, ms = 10_000): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    for (;;) {
      if (this.notebook.stale) await this.sync();
      if (condition(this.notebook)) return;
      const before = this.socket.inbox.length;
      await this.socket.until(() => this.socket.inbox.length > before, wanted, signal);
    }
  }

  async has(conversation: string, text: string): Promise<void> {
    await this.until((notebook) => notebook.texts(conversation).includes(text), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket[Symbol.asyncDispose]();
  }
}
