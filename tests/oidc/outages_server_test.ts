import { deepEqual, equal, match, ok } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { CHEAP } from "tests/support/cookie_client.ts";
import { type Forgery, ForgingProvider } from "tests/support/forging_provider.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcProvider } from "tests/support/oidc_provider.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";
import { Server, type ServerEnv } from "tests/support/server.ts";

const PERSON = { sub: "1", preferred_username: "ann" };
const at = (id: string, port: number) => ({ id, name: id, clientId: id, issuer: `http://127.0.0.1:${port}` });
const UNAVAILABLE = "/login?error=unavailable&returnTo=%2F";

async function prepared(settings: readonly unknown[], env: ServerEnv = {}): Promise<Server> {
  const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
  await Deno.writeTextFile(`${dataDir}/oidc.json`, JSON.stringify(settings), { mode: 0o600 });
  const server = new Server({ ...CHEAP, LOGINS_PER_MINUTE: 10_000, ...env }, dataDir);
  await server.start();
  return server;
}

Deno.test("[A73] a provider that is down keeps no server from starting, and is asked again by whoever comes next", async () => {
  await using provider = await OidcProvider.start();
  await provider.stop();
  await using server = await prepared([provider.settings]);
  const browser = new Traveller(server.url);
  equal((await new HttpClient(server.url).get("/readyz")).status, 200);
  equal(await browser.leave("corp"), UNAVAILABLE);
  await provider.start();
  equal(await browser.travel("corp", PERSON), "/");
  const callback = await browser.signInThere(await browser.leave("corp"), "nobody asks");
  await provider.stop();
  equal(await browser.comeBack(callback), UNAVAILABLE);
  // What it said of itself before still holds.
  match(await browser.leave("corp"), /^http:/);
  await provider.start();
  equal(await browser.unknownThere().travel("corp", PERSON), "/");
});

/** A provider that answers whatever it is asked with spaces: so many at once, with so much time in between. */
class Babbler implements AsyncDisposable {
  served = 0;
  readonly #stopping = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(bytes: number, everyMs: number) {
    const chunk = new TextEncoder().encode(" ".repeat(bytes));
    const { signal } = this.#stopping;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, signal }, () => {
      const body = new ReadableStream({
        pull: async (controller) => {
          if (everyMs > 0) await delay(everyMs);
          this.served += chunk.length;
          controller.enqueue(chunk);
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#server.finished;
  }
}

Deno.test("[A73] a provider that does not answer, or goes on and on, in OIDC_TIMEOUT_MS is unavailable", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using slow = new Babbler(1, 50);
  const settings = [at("silent", silent.addr.port), at("slow", slow.port)];
  await using server = await prepared(settings, { OIDC_TIMEOUT_MS: 300 });
  for (const id of ["silent", "slow"]) equal(await new Traveller(server.url).leave(id), UNAVAILABLE, id);
  ok(slow.served > 0);
});

Deno.test("[A73] a provider whose answer has no end is unavailable, long before OIDC_TIMEOUT_MS", async () => {
  await using endless = new Babbler(65_536, 0);
  await using server = await prepared([at("endless", endless.port)], { OIDC_TIMEOUT_MS: 10_000 });
  equal(await new Traveller(server.url).leave("endless"), UNAVAILABLE);
  // What was on its way is much less.
  ok(endless.served < 33_554_432, `${endless.served} bytes were read`);
});

Deno.test("[A66] an ID token that is not signed by the provider, for us, now, is refused", async () => {
  await using provider = await ForgingProvider.start();
  await using server = await prepared([{
    ...{ id: "forger", name: "Forger", clientId: "forger", clientSecret: "secret", issuer: provider.issuer },
  }]);
  const arrive = async (forgery: Forgery) => {
    provider.forgery = forgery;
    const browser = new Traveller(server.url);
    const end = await browser.comeBack(provider.returnFrom(await browser.leave("forger")));
    return { end, cookies: [...browser.home.cookies.keys()] };
  };
  const refused = { end: "/login?error=unauthenticated&returnTo=%2F", cookies: ["barrage_oidc"] };
  for (
    const forgery of [
      "another key",
      "no signature",
      "another audience",
      "another issuer",
      "no nonce",
      "run out",
    ] as const
  ) deepEqual(await arrive(forgery), refused, forgery);
  const { end, cookies } = await arrive("good");
  equal(end, "/");
  ok(cookies.includes("barrage"));
});

Deno.test("[A60] a file that cannot be used stops the start with one sentence that shows nothing of it", async () => {
  const good = {
    id: "corp",
    name: "Corp",
    issuer: "https://id.example",
    clientId: "c",
    clientSecret: "hush-hush",
  };
  const files: [unknown, RegExp][] = [
    [[{ ...good, clientSecrets: "hush-hush" }], /: 0\.clientSecrets is no setting\n/],
    [[{ ...good, issuer: "http://id.example" }], /: 0\.issuer: must be https:\/\/HOST/],
    ['[{"clientSecret": "hush-hush', /: it is not JSON\n/],
  ];
  for (const [file, sentence] of files) {
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
    await Deno.writeTextFile(`${dataDir}/oidc.json`, typeof file === "string" ? file : JSON.stringify(file));
    const error = await new Server(CHEAP, dataDir).start().then(() => undefined, (error: Error) => error);
    match(error?.message ?? "", sentence);
    match(error?.message ?? "", /Cannot use \S+oidc\.json: /);
    ok(!error?.message.includes("hush-hush"));
    await Deno.remove(dataDir, { recursive: true });
  }
});
