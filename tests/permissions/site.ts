import type { NewApiKey, Scope } from "protocol/api_keys.ts";
import { SCOPES } from "protocol/api_keys.ts";
import type { SignedIn } from "protocol/accounts.ts";
import type { Conversation, Sent } from "protocol/chat.ts";
import type { z } from "zod";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

export const CALLERS = [
  "anonymous",
  "guest",
  "member",
  "owner",
  "moderator",
  "operator",
  "key for rooms",
  "key for messages",
  "key for accounts",
  "key for keys",
  "key for audit",
  "key for chat",
  "key for ai",
  "key for ai_keys",
  "key for switches",
] as const;
export type Name = typeof CALLERS[number];

export const PASSWORD = "correct horse battery staple";
const GENEROUS = {
  ACCOUNTS_PER_MINUTE: 10_000,
  LOGINS_PER_MINUTE: 10_000,
  CONNECTIONS_PER_USER: 1_000,
  // What happens at once has been told, not found by looking.
  REVOCATION_POLL_MS: 60_000,
};

/** A server with somebody of each kind. */
export class Site implements AsyncDisposable {
  readonly server: Server;
  readonly #root: HttpClient;
  readonly #tokens = new Map<Name, string>();
  readonly #ids = new Map<Name | "bystander", string>();
  #accounts = 0;
  #groups = 0;
  #threads = 0;
  #thread: Promise<{ thread: string; answer: string }> | undefined;

  private constructor(server: Server, rootKey: string) {
    this.server = server;
    this.#root = new HttpClient(server.url, rootKey);
  }

  static async start(): Promise<Site> {
    const server = await startServer(GENEROUS);
    const key = await Deno.readTextFile(`${server.dataDir}/operator_key`);
    const site = new Site(server, key.trim());
    await site.#people();
    await site.#programs();
    return site;
  }

  as(name: Name): HttpClient {
    return new HttpClient(this.server.url, this.tokenOf(name));
  }

  tokenOf(name: Name): string | undefined {
    return this.#tokens.get(name);
  }

  /** A new account, signed in. */
  async register(): Promise<SignedIn> {
    const login = `person-${++this.#accounts}`;
    const { status, body } = await this.as("anonymous").post<SignedIn>("/v1/accounts", {
      ...{ login, password: PASSWORD, transport: "body" },
    });
    if (status !== 201) throw new Error(`Cannot register: ${JSON.stringify(body)}`);
    return body;
  }

  /** Of an account to which nothing ever happens. */
  get bystander(): string {
    return this.#ids.get("bystander") ?? "";
  }

  /** A new room of the owner with its moderator, in which the bystander is muted. */
  async room(): Promise<string> {
    const { id: room } = await this.as("owner").room();
    await this.as("owner").put(`/v1/rooms/${room}/moderators/${this.#ids.get("moderator")}`);
    await this.as("owner").put(`/v1/rooms/${room}/mutes/${this.bystander}`, { forMs: 60_000 });
    return room;
  }

  /** A new group of the owner, with the moderator as admin and the member, who has said something at `said`. */
  async group(): Promise<{ conversation: string; said: number }> {
    const [owner, moderator, member] = await Promise.all(
      (["owner", "moderator", "member"] as const).map((name) =>
        SocketClient.greet(this.server.socketUrl, this.tokenOf(name) ?? "")
      ),
    );
    await using sockets = new AsyncDisposableStack();
    for (const socket of [owner, moderator, member]) sockets.use(socket!);
    const { id: conversation } = await owner!.call<Conversation>("chat.create", {
      ...{ id: `group-${++this.#groups}`, title: "Group", join: "open" },
    });
    await moderator!.call("chat.join", { conversation });
    await member!.call("chat.join", { conversation });
    const user = this.#ids.get("moderator");
    await owner!.call("chat.role", { conversation, user, role: "admin" });
    const { seq: said } = await member!.call<Sent>("chat.send", { conversation, id: "hello", text: "hello" });
    return { conversation, said };
  }

  async key(...scopes: Scope[]): Promise<z.infer<typeof NewApiKey>> {
    const given = { name: "Program", scopes };
    const { status, body } = await this.#root.post<z.infer<typeof NewApiKey>>("/v1/api-keys", given);
    if (status !== 201) throw new Error(`Cannot make a key: ${JSON.stringify(body)}`);
    return body;
  }

  /** A new key of the provider that echoes. */
  async aiKey(): Promise<string> {
    const uses = [{ feature: "text", model: "echo-of-tests" }];
    const { status, body } = await this.#root.post<{ id: string }>("/v1/ai/keys", {
      ...{ provider: "echo", label: "Echo", uses },
    });
    if (status !== 201) throw new Error(`Cannot keep an AI key: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** A thread of the owner with one answer, the same one again unless it may be spoilt. */
  async thread(spoilt: boolean): Promise<{ thread: string; answer: string }> {
    if (spoilt) return await this.#ask();
    return await (this.#thread ??= this.#ask());
  }

  async #ask(): Promise<{ thread: string; answer: string }> {
    const thread = `01JD3Y4B6V8Q2Z5K7M9N${String(++this.#threads).padStart(6, "0")}`;
    const { status, body } = await this.as("owner").post<{ answer: string }>("/v1/ai/answers", {
      ...{ model: "echo", text: "hello", thread },
    });
    if (status !== 202) throw new Error(`Cannot ask: ${JSON.stringify(body)}`);
    return { thread, answer: body.answer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  async #people(): Promise<void> {
    this.#ids.set("bystander", (await this.register()).user.id);
    const guest = await HttpClient.guest(this.server.url);
    this.#tokens.set("guest", guest.token);
    for (const name of ["member", "owner", "moderator", "operator"] as const) {
      const { user, token } = await this.register();
      this.#ids.set(name, user.id);
      this.#tokens.set(name, token);
    }
    const operator = `/v1/accounts/${this.#ids.get("operator")}`;
    const { body } = await this.#root.patch<{ login: string }>(operator, { role: "operator" });
    const signedIn = await this.as("anonymous").post<SignedIn>("/v1/login", {
      ...{ login: body.login, password: PASSWORD, transport: "body" },
    });
    this.#tokens.set("operator", signedIn.body.token);
  }

  async #programs(): Promise<void> {
    for (const scope of SCOPES) this.#tokens.set(`key for ${scope}`, (await this.key(scope)).key);
  }
}
