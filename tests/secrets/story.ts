import { equal, ok } from "node:assert/strict";
import type { z } from "zod";
import type { SignedIn } from "protocol/accounts.ts";
import type { NewApiKey } from "protocol/api_keys.ts";
import { CookieClient } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";
import { Outbox } from "tests/support/outbox.ts";
import type { Server } from "tests/support/server.ts";
import { CallError, SocketClient } from "tests/support/socket_client.ts";
import type { Secrets } from "./secrets.ts";

/** Somebody who does everything that has to do with secrets, right and wrong, on one node and the next in turn. */
export class Story {
  /** What was said over sockets, in failures. */
  readonly said: string[] = [];
  readonly #servers: readonly Server[];
  readonly #secrets: Secrets;
  readonly #outbox: Outbox;
  #turn = 0;

  constructor(servers: readonly Server[], secrets: Secrets) {
    this.#servers = servers;
    this.#secrets = secrets;
    this.#outbox = new Outbox(...servers.map(({ dataDir }) => dataDir));
  }

  async tell(): Promise<void> {
    await this.#ownSecrets();
    const held = await this.#signInAndOn();
    await this.#wrongPasswords(held);
    await this.#wrongTokens(held);
    await this.#contactsAndReset();
    await this.#keys();
    await this.#aiKeys();
    await this.#provider();
    await this.#sockets();
    await this.#documents();
  }

  /** The next node's address. */
  get #url(): string {
    return this.#server.url;
  }

  get #server(): Server {
    return this.#servers[this.#turn++ % this.#servers.length]!;
  }

  #password(): string {
    return this.#secrets.add("password", `P@ss "wörd" ${crypto.randomUUID()}`.normalize("NFKC"));
  }

  #held(signedIn: SignedIn): SignedIn {
    const { token, refreshToken = "", deviceToken = "" } = signedIn;
    this.#secrets.add("access token", token.split(".")[2]!);
    this.#secrets.add("refresh token", refreshToken.split(".")[2]!);
    this.#secrets.add("device secret", deviceToken);
    return signedIn;
  }

  async #ownSecrets(): Promise<void> {
    for (const { dataDir } of this.#servers) {
      const key = await Deno.readTextFile(`${dataDir}/operator_key`);
      this.#secrets.add("operator key", key.trim().slice(-43));
      const { d } = JSON.parse(await Deno.readTextFile(`${dataDir}/token_key.json`));
      this.#secrets.add("signing key", d);
      const masters = await Deno.readTextFile(`${dataDir}/ai_keys`);
      this.#secrets.add("AI master key", masters.trim().split(":")[1]!);
    }
  }

  /** As a program, which is told everything. */
  async #register(login: string, password = this.#password()): Promise<SignedIn> {
    const given = { login, password, transport: "body" };
    return this.#held(
      (await must<SignedIn>(201, new HttpClient(this.#url).post("/v1/accounts", given))).body,
    );
  }

  async #signInAndOn(): Promise<SignedIn> {
    const password = this.#password();
    const first = await this.#register("alice", password);
    const { refreshToken, deviceToken } = first;
    const next = async () => {
      const answer = new HttpClient(this.#url).post<SignedIn>("/v1/refresh", { refreshToken, deviceToken });
      return this.#held((await must<SignedIn>(200, answer)).body);
    };
    const [second, again] = [await next(), await next()];
    // The lost answer is given again.
    equal(second.refreshToken, again.refreshToken);
    const browser = new CookieClient(this.#url);
    await browser.must(200, "POST", "/v1/login", { login: "alice", password });
    for (const [name, value] of browser.cookies) {
      this.#secrets.add("cookie", name === "barrage_device" ? value : value.split(".")[2]!);
    }
    const changed = this.#password();
    await browser.must(204, "POST", "/v1/account/confirm", { password });
    await browser.must(200, "POST", "/v1/account/password", { current: password, password: changed });
    const given = { login: "alice", password: changed, transport: "body" };
    return this.#held((await must<SignedIn>(200, new HttpClient(this.#url).post("/v1/login", given))).body);
  }

  async #wrongPasswords({ token }: SignedIn): Promise<void> {
    const wrong = this.#password();
    const nobody = () => new HttpClient(this.#url);
    const alice = new HttpClient(this.#url, token);
    const transport = "body";
    await must(401, nobody().post("/v1/login", { login: "alice", password: wrong, transport }));
    await must(401, nobody().post("/v1/login", { login: wrong, password: wrong, transport }));
    await must(422, nobody().post("/v1/login", { login: "alice", password: { value: wrong }, transport }));
    await must(422, nobody().post("/v1/accounts", { login: wrong, password: wrong, transport }));
    await must(409, nobody().post("/v1/accounts", { login: "alice", password: wrong, transport }));
    await must(422, nobody().post("/v1/accounts", { login: "zoe", password: wrong, name: 1, transport }));
    await must(
      413,
      nobody().post("/v1/login", { login: "alice", password: wrong.repeat(20_000), transport }),
    );
    await must(403, alice.post("/v1/account/confirm", { password: wrong }));
    await must(403, alice.post("/v1/account/password", { current: wrong, password: wrong }));
    const broken = await fetch(`${this.#url}/v1/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"login": "alice", "password": ${JSON.stringify(wrong)}`,
    });
    equal(broken.status, 400);
  }

  async #wrongTokens({ token, refreshToken, deviceToken }: SignedIn): Promise<void> {
    const api = new HttpClient(this.#url);
    const forged = token.slice(0, -8) + this.#secrets.add("access token", `forged-${crypto.randomUUID()}`);
    for (const bad of [forged, `bk_${"0".repeat(26)}_${forged.slice(-43)}`, "x"]) {
      await must(401, new HttpClient(this.#url, bad).get("/v1/account"));
    }
    await must(401, api.get("/v1/account", { authorization: `Basic ${forged}` }));
    await must(401, api.post("/v1/refresh", { refreshToken, deviceToken: forged.slice(-43) }));
    await must(401, api.post("/v1/refresh", { refreshToken: `${forged.slice(-43)}.x`, deviceToken }));
    await must(422, api.post("/v1/refresh", { refreshToken: [refreshToken], deviceToken }));
    const wrong = this.#password();
    await must(404, new HttpClient(this.#url, token).post("/v1/nothing", { password: wrong }));
  }

  async #contactsAndReset(): Promise<void> {
    const { token, user } = await this.#register("bob");
    ok(user.id);
    const contact = { kind: "email", address: "bob@example.org" };
    await must(202, new HttpClient(this.#url, token).post("/v1/account/contacts", contact));
    const code = await this.#code();
    const wrong = this.#secrets.addCode(String((Number(code) + 7) % 100_000_000).padStart(8, "0"));
    const confirm = "/v1/account/contacts/confirm";
    await must(403, new HttpClient(this.#url, token).post(confirm, { code: wrong }));
    await must(200, new HttpClient(this.#url, token).post(confirm, { code }));
    await must(410, new HttpClient(this.#url, token).post(confirm, { code }));
    // Its webhook takes nothing.
    const phone = { kind: "phone", address: "+49301234567" };
    await must(503, new HttpClient(this.#url, token).post("/v1/account/contacts", phone));
    const api = () => new HttpClient(this.#url);
    await must(202, api().post("/v1/password-resets", { login: "bob@example.org" }));
    const reset = await this.#code();
    const password = this.#password();
    const path = "/v1/password-resets/confirm";
    await must(403, api().post(path, { login: "bob", code: wrong, password }));
    await must(403, api().post(path, { login: "nobody", code: reset, password }));
    await must(204, api().post(path, { login: "bob", code: reset, password }));
    const given = { login: "bob", password, transport: "body" };
    this.#held((await must<SignedIn>(200, api().post("/v1/login", given))).body);
  }

  async #code(): Promise<string> {
    return this.#secrets.addCode((await this.#outbox.next()).code);
  }

  async #keys(): Promise<void> {
    const { dataDir } = this.#servers[0]!;
    const root = (await Deno.readTextFile(`${dataDir}/operator_key`)).trim();
    const given = { name: "Bot", scopes: ["rooms", "messages"] };
    const made = await must<z.infer<typeof NewApiKey>>(
      201,
      new HttpClient(this.#url, root).post("/v1/api-keys", given),
    );
    const { id, key } = made.body;
    this.#secrets.add("API key", key.slice(-43));
    const { body: room } = await must<{ id: string }>(
      201,
      new HttpClient(this.#url, key).post("/v1/rooms", { title: "Room" }),
    );
    await must(202, new HttpClient(this.#url, key).post(`/v1/rooms/${room.id}/messages`, { text: "hello" }));
    await must(403, new HttpClient(this.#url, key).get("/v1/audit"));
    await must(204, new HttpClient(this.#url, root).delete(`/v1/api-keys/${id}`));
    // Another node hears of it a moment later.
    const deadline = AbortSignal.timeout(10_000);
    const read = () => new HttpClient(this.#url, key).get(`/v1/rooms/${room.id}`);
    while ((await read()).status !== 401) deadline.throwIfAborted();
  }

  /** Keys of a provider that is not there, right and wrong. */
  async #aiKeys(): Promise<void> {
    const { dataDir } = this.#servers[0]!;
    const root = (await Deno.readTextFile(`${dataDir}/operator_key`)).trim();
    const asRoot = () => new HttpClient(this.#url, root);
    const secret = () => this.#secrets.add("provider key", `sk-"${crypto.randomUUID()}`);
    const key = {
      ...{ provider: "openai", label: "Key", baseUrl: "http://127.0.0.1:9/v1" },
      uses: [{ feature: "text", model: "gpt-4o" }],
    };
    const apiKey = secret();
    const { body: { id } } = await must<{ id: string }>(
      201,
      asRoot().post("/v1/ai/keys", { ...key, secret: { apiKey } }),
    );
    const path = `/v1/ai/keys/${id}`;
    for (
      const wrong of [{ token: apiKey }, { apiKey, more: apiKey }, { apiKey: { value: apiKey } }, apiKey]
    ) {
      await must(422, asRoot().post("/v1/ai/keys", { ...key, secret: wrong }));
      await must(422, asRoot().post(`${path}/rotate`, { secret: wrong }));
    }
    await must(422, asRoot().post("/v1/ai/keys", { ...key, secret: { apiKey }, provider: apiKey }));
    await must(
      422,
      asRoot().post("/v1/ai/keys", { ...key, secret: { apiKey }, baseUrl: `http://${apiKey}@a` }),
    );
    await must(401, new HttpClient(this.#url).post("/v1/ai/keys", { ...key, secret: { apiKey } }));
    // Nobody is there, which is logged.
    const tested = await must<{ ok: boolean }>(200, asRoot().post(`${path}/test`, {}));
    equal(tested.body.ok, false);
    await must(200, asRoot().post(`${path}/rotate`, { secret: { apiKey: secret() } }));
    await must(200, asRoot().patch(path, { label: "Renamed" }));
    await must(200, asRoot().post("/v1/ai/keys/reseal", {}));
    for (const shown of ["/v1/ai/keys", path, "/v1/ai/providers", "/v1/ai/usage"]) {
      await must(200, asRoot().get(shown));
    }
  }

  async #provider(): Promise<void> {
    for (const person of [{ sub: "1", preferred_username: "carol" }, "deny"] as const) {
      const browser = new Traveller(this.#url);
      await browser.travel("corp", person);
      for (const [name, value] of browser.home.cookies) {
        const isToken = name === "barrage" || name === "barrage_refresh";
        this.#secrets.add("cookie", isToken ? value.split(".")[2]! : value);
      }
    }
  }

  async #sockets(): Promise<void> {
    const server = this.#server;
    const { token, refreshToken, deviceToken } = await this.#register("dora");
    const bad = this.#secrets.add("access token", `bad-${crypto.randomUUID()}`);
    await using socket = await SocketClient.greet(server.socketUrl, token);
    const later = new HttpClient(server.url).post<SignedIn>("/v1/refresh", { refreshToken, deviceToken });
    const renewed = this.#held((await must<SignedIn>(200, later)).body);
    await socket.call("session.renew", { token: renewed.token });
    const fail = async (call: Promise<unknown>) => {
      const error = await call.then(() => undefined, (error) => error);
      ok(error instanceof CallError);
      this.said.push(JSON.stringify(error.error));
    };
    await fail(socket.call("session.renew", { token: bad }));
    await fail(socket.call("session.renew", { token: { value: bad } }));
    await fail(socket.call("room.join", { room: bad }));
    await fail(socket.call("session.ping", { password: bad }));
    {
      await using other = await SocketClient.open(server.socketUrl);
      await fail(other.call("session.hello", { token: bad }));
    }
    // What is no frame at all.
    await using last = await SocketClient.greet(server.socketUrl, renewed.token);
    last.sendRaw(`{"jsonrpc":"2.0","method":"session.renew","params":{"token":"${bad}"`);
    this.said.push(JSON.stringify(await last.reply(null)));
  }

  async #documents(): Promise<void> {
    for (const { url } of this.#servers) {
      for (const path of ["/docs", "/v1/openapi.json", "/v1/openrpc.json", "/.well-known/jwks.json", "/"]) {
        await new HttpClient(url).get(path);
      }
      for (const path of ["/metrics", "/healthz", "/readyz", "/v1/rooms", "/v1/oidc"]) {
        await new HttpClient(url).get(path);
      }
    }
    const key = (await Deno.readTextFile(`${this.#servers[0]!.dataDir}/operator_key`)).trim();
    for (const path of ["/v1/audit?limit=500", "/v1/accounts", "/v1/api-keys"]) {
      await must(200, new HttpClient(this.#url, key).get(path));
    }
  }
}

async function must<T>(
  status: number,
  asked: Promise<{ readonly status: number; readonly body: unknown }>,
): Promise<{ readonly body: T }> {
  const answer = await asked;
  equal(answer.status, status, JSON.stringify(answer.body));
  return { body: answer.body as T };
}
