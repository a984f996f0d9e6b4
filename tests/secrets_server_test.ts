import { deepEqual, ok } from "node:assert/strict";
import { CHEAP } from "tests/support/cookie_client.ts";
import { startNats } from "tests/support/nats.ts";
import { NatsOperator } from "tests/support/nats_operator.ts";
import { OidcProvider } from "tests/support/oidc_provider.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { startRedis } from "tests/support/redis.ts";
import { RedisMonitor } from "tests/support/redis_monitor.ts";
import { Server, type ServerEnv } from "tests/support/server.ts";
import { Webhook } from "tests/support/webhook.ts";
import { Recording } from "./secrets/recording.ts";
import { Secrets } from "./secrets/secrets.ts";
import { Story } from "./secrets/story.ts";
import { filesIn } from "./secrets/traces.ts";

/** Where a secret has its place. */
const PLACES: readonly { readonly path: RegExp; readonly allowed: readonly string[] }[] = [
  { path: /\/operator_key$/, allowed: ["operator key"] },
  { path: /\/token_key\.json$/, allowed: ["signing key"] },
  { path: /\/ai_keys$/, allowed: ["AI master key"] },
  { path: /\/oidc\.json$/, allowed: ["client secret"] },
  { path: /\/outbox\/\w+\.eml$/, allowed: ["code"] },
];

const EVERY_KIND = [
  "AI master key",
  "API key",
  "access token",
  "client secret",
  "code",
  "cookie",
  "device secret",
  "operator key",
  "password",
  "provider key",
  "refresh token",
  "signing key",
  "webhook token",
];

/** Servers, a provider to sign in with, a webhook that refuses, and the secrets of all of them. */
async function start(envs: readonly ServerEnv[]) {
  await using started = new AsyncDisposableStack();
  const secrets = new Secrets();
  const secret = secrets.add("client secret", `client-secret-${crypto.randomUUID()}`);
  const provider = started.use(await OidcProvider.start({ id: "corp", secret }));
  const masterKey = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const webhook = started.use(new Webhook());
  webhook.answers.push(...Array.from({ length: 9 }, () => new Response(null, { status: 500 })));
  const servers: Server[] = [];
  for (const env of envs) {
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-secrets-" });
    // Of a cluster all nodes have the same.
    await Deno.writeTextFile(`${dataDir}/ai_keys`, `1:${masterKey}\n`, { mode: 0o600 });
    await Deno.writeTextFile(`${dataDir}/oidc.json`, JSON.stringify([provider.settings]), { mode: 0o600 });
    const settings = {
      ...{ ...CHEAP, MAIL_OUTBOX: "on", GUESTS: "on", CODE_EVERY_SECONDS: 0, SWEEP_MINUTES: 1 },
      ...{
        CODE_WEBHOOK_URL: webhook.url,
        CODE_WEBHOOK_TOKEN: secrets.add("webhook token", crypto.randomUUID()),
      },
      ...env,
    };
    const server = started.use(new Server(settings, dataDir));
    await server.start();
    servers.push(server);
  }
  const owned = started.move();
  return { secrets, servers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Tells the story; resolves to what was found of its secrets in what the servers answered and wrote. */
async function tell(servers: readonly Server[], secrets: Secrets): Promise<string[]> {
  const found: string[] = [];
  using recording = new Recording(new Set(servers.map(({ url }) => url)));
  const story = new Story(servers, secrets);
  await story.tell();
  // While they run, and after they have put everything away.
  await searchFiles();
  await Promise.all(servers.map((server) => server.kill("SIGTERM")));
  await searchFiles();
  for (const trace of recording.traces) found.push(...secrets.findIn(trace));
  found.push(...secrets.findIn({ where: "failures over sockets", text: story.said.join("\n") }));
  const log = servers.map(({ errorOutput }) => errorOutput).join("\n");
  ok(log.includes("Cannot send a code"));
  found.push(...secrets.findIn({ where: "the log", text: log }));
  deepEqual(secrets.kinds, EVERY_KIND);
  // Else nothing would have been looked at.
  ok(recording.traces.length > 100 && story.said.length > 5);
  return found;

  async function searchFiles(): Promise<void> {
    for (const { dataDir } of servers) {
      for await (const trace of filesIn(dataDir)) {
        const allowed = PLACES.find(({ path }) => path.test(trace.where))?.allowed ?? [];
        found.push(...secrets.findIn(trace, allowed));
      }
    }
  }
}

for (const form of ["json", "pretty"]) {
  Deno.test(`[L9] no secret is in what one node writes, its log ${form}`, async () => {
    await using started = await start([{ LOG: form }]);
    deepEqual([...new Set(await tell(started.servers, started.secrets))], []);
  });
}

Deno.test("[L9] no secret is on the bus, in the cache or in the database of a cluster", async () => {
  await using owned = new AsyncDisposableStack();
  const data = await Deno.makeTempDir({ prefix: "barrage-secrets-postgres-" });
  owned.defer(() => Deno.remove(data, { recursive: true }));
  const nats = owned.use(await startNats());
  const postgres = owned.use(await startPostgres({ folder: data }));
  const since = new Date();
  const redis = owned.use(await startRedis());
  const operator = owned.use(await NatsOperator.connect(nats.url));
  const heard = await operator.sub(">");
  const monitor = owned.use(await RedisMonitor.open(redis.url));
  const env = {
    NATS_URL: nats.url,
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    SETTLE_MS: 500,
  };
  const { servers, secrets } = owned.use(await start([{ ...env, NODE_ID: "a" }, { ...env, NODE_ID: "b" }]));
  await Promise.all(servers.map((server) => server.metricIs("barrage_shards", (shards) => shards > 0)));
  const found = await tell(servers, secrets);
  for (const { subject, text } of heard.all) {
    found.push(...secrets.findIn({ where: subject, text: subject + text }));
  }
  const cached = [...monitor.heard, ...await monitor.dump()];
  found.push(...secrets.findIn({ where: "the cache", text: cached.join("\n") }));
  let written = 0;
  for await (const trace of filesIn(data, since)) {
    written += Number(trace.text.includes("login.succeeded"));
    found.push(...secrets.findIn(trace));
  }
  deepEqual([...new Set(found)], []);
  // All three have been there to see something.
  ok(heard.all.some(({ subject }) => /^barrage\.v1\.act\.\d+\.account\./.test(subject)));
  ok(cached.some((text) => text.includes("codes_for:")));
  ok(written > 0);
});
