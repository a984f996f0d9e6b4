import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import type { AiKey, AiKeysResealed, AiKeyTested, AiUsageSums } from "protocol/ai_keys.ts";
import type { AuditPage } from "protocol/audit.ts";
import { ECHO_IDS } from "storage/echo_credentials.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { z } from "zod";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { answer, answerId, credentialId, foundAnswers, used } from "tests/storage/contract/ai_records.ts";
import { type SecretInput } from "../../ops/commands/command.ts";
import { operate } from "../../ops/ops.ts";

const USE = { feature: "text", model: "gpt-4o" };
const SECRET = { apiKey: "sk-a-secret-that-nobody-sees" };
const line = (version: number) => `${version}:${new Uint8Array(32).fill(version).toBase64()}`;

async function site(env: ServerEnv = {}) {
  const server = await startServer(env);
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  return { server, operator: new HttpClient(server.url, key) };
}

async function added(operator: HttpClient, changed: object = {}): Promise<AiKey> {
  const given = { provider: "openai", label: "Main", secret: SECRET, uses: [USE], ...changed };
  const { status, body } = await operator.post<AiKey>("/v1/ai/keys", given);
  equal(status, 201, JSON.stringify(body));
  return body;
}

Deno.test("[Q27] a provider's key is kept, shown, changed, rotated and removed; its secret never comes out", async () => {
  const { server, operator } = await site();
  await using _ = server;
  const made = await added(operator, { baseUrl: "https://llm.example/v1" });
  const { id, createdAt, ...view } = made;
  ok(createdAt > 0);
  deepEqual(view, {
    ...{
      provider: "openai",
      label: "Main",
      baseUrl: "https://llm.example/v1",
      state: "enabled",
      builtIn: false,
    },
    uses: [{
      ...{ ...USE, upstreamModel: "gpt-4o", inFlightMax: 2, startsPerSecond: 2, contextTokens: 128_000 },
    }],
    ...{ keyVersion: 1, changedAt: createdAt },
  });
  deepEqual((await operator.get<AiKey>(`/v1/ai/keys/${id}`)).body, made);
  const listed = await operator.get<{ keys: AiKey[] }>("/v1/ai/keys");
  deepEqual(listed.body.keys.map((key) => [key.id, key.builtIn]), [
    ...ECHO_IDS.map((id) => [id, true]),
    [id, false],
  ]);
  const path = `/v1/ai/keys/${id}`;
  const uses = [{ feature: "image", model: "fast", upstreamModel: "dall-e", inFlightMax: 7 }];
  const changed = await operator.patch<AiKey>(path, { state: "disabled", label: " 新  Name ", uses });
  deepEqual([changed.body.state, changed.body.label, changed.body.uses[0]?.upstreamModel], [
    ...["disabled", "新  Name", "dall-e"],
  ]);
  ok(changed.body.changedAt >= made.changedAt);
  const rotated = await operator.post<AiKey>(`${path}/rotate`, { secret: { apiKey: "another secret" } });
  deepEqual(rotated.body, { ...changed.body, changedAt: rotated.body.changedAt });
  equal(
    (await operator.post<AiKey>(`${path}/rotate`, { secret: SECRET, baseUrl: "" })).body.baseUrl,
    undefined,
  );
  equal((await operator.delete(path)).status, 204);
  for (const gone of [operator.get(path), operator.delete(path), operator.patch(path, { label: "x" })]) {
    deepEqual([(await gone).status, (await gone).body.reason], [404, "not_found"]);
  }
  const { body: audit } = await operator.get<z.infer<typeof AuditPage>>(`/v1/audit?subject=${id}`);
  deepEqual(
    audit.events.map(({ event }) => event.slice("ai_key.".length)).reverse(),
    ["created", "changed", "rotated", "rotated", "removed"],
  );
  for (const echo of ECHO_IDS) {
    for (
      const refused of [
        operator.delete(`/v1/ai/keys/${echo}`),
        operator.patch(`/v1/ai/keys/${echo}`, { state: "disabled" }),
        operator.post(`/v1/ai/keys/${echo}/rotate`, { secret: {} }),
      ]
    ) equal((await refused).status, 409);
  }
});

Deno.test("[Q28] what makes no sense is refused with the path, and no answer repeats a secret", async () => {
  const { server, operator } = await site({ AI_CREDENTIALS_MAX: 1 });
  await using _ = server;
  const base = { provider: "openai", label: "Main", secret: SECRET, uses: [USE] };
  const bad: [object, string][] = [
    [{ provider: "nobody" }, "body.provider"],
    [{ provider: SECRET.apiKey }, "body.provider"],
    [{ label: "" }, "body.label"],
    [{ secret: {} }, "body.secret"],
    [{ secret: { ...SECRET, more: SECRET.apiKey } }, "body.secret"],
    [{ secret: { apiKey: [SECRET.apiKey] } }, "body.secret.apiKey"],
    [{ secret: SECRET.apiKey }, "body.secret"],
    [{ baseUrl: `https://user:${SECRET.apiKey}@llm.example` }, "body.baseUrl"],
    [{ baseUrl: `https://llm.example/?key=${SECRET.apiKey}` }, "body.baseUrl"],
    [{ baseUrl: "file:///etc/passwd" }, "body.baseUrl"],
    [{ uses: [] }, "body.uses"],
    [{ uses: [USE, USE] }, "body.uses"],
    [{ uses: [{ ...USE, model: "a b" }] }, "body.uses.0.model"],
    [{ uses: [{ ...USE, inFlightMax: 0 }] }, "body.uses.0.inFlightMax"],
    [{ provider: "echo", uses: [USE] }, "body.secret"],
    [{ state: "disabled" }, "body.state"],
  ];
  for (const [changed, path] of bad) {
    const { status, body } = await operator.post("/v1/ai/keys", { ...base, ...changed });
    deepEqual([status, body.path], [422, path], JSON.stringify(changed));
    doesNotMatch(JSON.stringify(body), /sk-a-secret/);
  }
  const { id } = await added(operator);
  const path = `/v1/ai/keys/${id}`;
  equal((await operator.post("/v1/ai/keys", base)).status, 409);
  // Where a secret is sent changes only together with the secret.
  equal((await operator.patch(path, { baseUrl: "https://evil.example" })).status, 422);
  equal((await operator.post(`${path}/rotate`, { baseUrl: "https://evil.example" })).status, 422);
  equal((await operator.post(`${path}/test`, { model: "other" })).status, 404);
  doesNotMatch(server.errorOutput, /sk-a-secret/);
});

Deno.test("[Q30] a test tells whether a key works, and if not why", async () => {
  await using upstream = new Upstream();
  const { server, operator } = await site();
  await using _ = server;
  const { secret, baseUrl } = upstream.credential({
    ...{ id: "one", protocol: "openai", models: ["gpt-4o"] },
    limits: { startsPerSecond: 100, inFlight: 2 },
  });
  const test = async (id: string, body: object = {}) =>
    (await operator.post<AiKeyTested>(`/v1/ai/keys/${id}/test`, body)).body;
  const good = await added(operator, { secret, baseUrl, uses: [{ ...USE, startsPerSecond: 100 }] });
  deepEqual(await test(good.id), { ok: true, ...USE });
  const before = upstream.counts("one").calls;
  const wrong = await added(operator, { secret: { apiKey: "sk-wrong" }, baseUrl });
  const { ok: works, fault } = await test(wrong.id, USE);
  deepEqual([works, fault], [false, "auth"]);
  equal(upstream.counts("one").calls, before);
  deepEqual(await test(ECHO_IDS[0], { feature: "text" }), { ok: true, feature: "text", model: "echo" });
  equal(upstream.over, 0);
});

Deno.test("[Q29] a pool knows of a change at once, and calls are made with the new secret", async () => {
  await using upstream = new Upstream();
  const { server, operator } = await site();
  await using _ = server;
  const { secret, baseUrl } = upstream.credential({
    ...{ id: "one", protocol: "openai", models: ["gpt-4o", "gpt-5"] },
    limits: { startsPerSecond: 100, inFlight: 2 },
  });
  const { id } = await added(operator, { secret: { apiKey: "sk-wrong" }, baseUrl });
  const path = `/v1/ai/keys/${id}`;
  const test = async (model: string) =>
    await operator.post<AiKeyTested>(`${path}/test`, { feature: "text", model });
  equal((await test("gpt-4o")).body.fault, "auth");
  equal((await operator.post(`${path}/rotate`, { secret })).status, 200);
  // The key was dead, and the pool is asked in the very next moment.
  equal((await test("gpt-4o")).body.ok, true);
  equal((await operator.patch(path, { uses: [{ ...USE, model: "gpt-5" }] })).status, 200);
  equal((await test("gpt-4o")).status, 404);
  equal((await test("gpt-5")).body.ok, true);
});

Deno.test("[Q31] master keys are exchanged while nothing is lost: add one, seal anew, take the old one away", async () => {
  const { server, operator } = await site({ AI_KEYS: line(1) });
  await using _ = server;
  const ids = [(await added(operator)).id, (await added(operator)).id];
  const again = async (env: ServerEnv) => {
    await server.kill("SIGTERM");
    await server.restart(env);
  };
  await again({ AI_KEYS: `${line(1)},${line(2)}` });
  type Page = z.infer<typeof AiKeysResealed>;
  const seal = async (body: object) => (await operator.post<Page>("/v1/ai/keys/reseal", body)).body;
  const page = await seal({ limit: 3 });
  deepEqual(page, { next: ids[0], looked: 3, resealed: 1 } as Page);
  deepEqual(await seal({ after: page.next }), { looked: 1, resealed: 1 });
  deepEqual(await seal({}), { looked: 4, resealed: 0 });
  await again({ AI_KEYS: line(2) });
  for (const id of ids) equal((await operator.get<AiKey>(`/v1/ai/keys/${id}`)).body.keyVersion, 2);
  await server.kill("SIGTERM");
  const failed = await server.restart({ AI_KEYS: line(3) }).catch((error) => String(error));
  match(String(failed), /Set AI_KEYS to the keys that sealed what is stored/);
});

Deno.test("[Q32] usage is summed up by key, feature and model, and the sums add up", async () => {
  const { server, operator } = await site();
  await using _ = server;
  const { id } = await added(operator);
  await server.kill("SIGTERM");
  {
    await using storage = await openSqlite({ path: `${server.dataDir}/barrage.db` });
    await foundAnswers(storage, answer(1));
    const at = Date.now();
    await storage.lane.commit({ noun: "answer", id: answerId(1), epoch: 1 }, [
      storage.answers.use(used(1, { credential: id, at })),
      storage.answers.use(used(1, { credential: id, at, attempt: 2 })),
      storage.answers.use(used(1, { credential: credentialId(9), at, attempt: 3 })),
      storage.answers.use(used(1, { credential: id, attempt: 4, at: at - 2 * 86_400_000 })),
    ]);
  }
  await server.restart();
  const { body } = await operator.get<AiUsageSums>("/v1/ai/usage");
  const sum = { feature: "text", model: "echo" };
  deepEqual(
    body.usage,
    [
      { key: credentialId(9), ...sum, attempts: 1, promptTokens: 10, completionTokens: 3 },
      { key: id, label: "Main", ...sum, attempts: 2, promptTokens: 20, completionTokens: 6 },
    ].sort((a, b) => a.key < b.key ? -1 : 1),
  );
  deepEqual([body.attempts, body.promptTokens, body.completionTokens], [3, 30, 9]);
  equal(body.to - body.from, 86_400_000);
  equal((await operator.get<AiUsageSums>("/v1/ai/usage?from=0")).body.attempts, 4);
  equal((await operator.get<AiUsageSums>(`/v1/ai/usage?from=0&to=${body.from}`)).body.attempts, 1);
  deepEqual((await operator.get("/v1/ai/usage?from=5&to=4")).status, 422);
});

/** Types `line` on the server's machine, with `given` piped in, or typed at the prompts. */
async function type(server: Server, line: string, given: string | readonly string[] = "") {
  const env: Record<string, string> = {
    ...{ HOST: "127.0.0.1", PORT: String(server.port), DATA_DIR: server.dataDir },
  };
  const typed = typeof given === "string" ? [] : [...given];
  const asked: string[] = [];
  const input: SecretInput = {
    terminal: typeof given !== "string",
    prompt: (question) => {
      asked.push(question);
      return Promise.resolve(typed.shift() ?? "");
    },
    read: () => Promise.resolve(String(given)),
  };
  return { ...await operate(line.split(" "), (name) => env[name], () => {}, input), asked };
}

Deno.test("[Q33] deno task ops ai: keys are added, listed, disabled, rotated, tested, removed; secrets are piped in or asked for", async () => {
  const { server, operator } = await site();
  await using _ = server;
  const add = "ai key add openai Main --use text:gpt-4o,text:fast=gpt-4o-mini --in-flight 3";
  const made = await type(server, add, `${SECRET.apiKey}\n`);
  equal(made.code, 0, made.text);
  const id = /^Added (\w{26})$/.exec(made.text)?.[1] ?? "";
  const { body } = await operator.get<AiKey>(`/v1/ai/keys/${id}`);
  deepEqual(body.uses.map(({ model, upstreamModel, inFlightMax }) => [model, upstreamModel, inFlightMax]), [
    ["gpt-4o", "gpt-4o", 3],
    ["fast", "gpt-4o-mini", 3],
  ]);
  const spark = { appId: "a", apiKey: SECRET.apiKey, apiSecret: "c" };
  const prompted = await type(server, "ai key add spark Star --use slides:ppt", Object.values(spark));
  deepEqual([prompted.code, prompted.asked], [0, ["appId: ", "apiKey: ", "apiSecret: "]]);
  equal((await type(server, "ai key add spark Star --use text:max", JSON.stringify(spark))).code, 0);
  match(
    (await type(server, "ai key list")).text,
    new RegExp(`\\n${id}  Main +openai +enabled +text:gpt-4o,text:fast=gpt-4o-mini +3/2,3/2 `),
  );
  equal((await type(server, `ai key disable ${id}`)).text, `${id} is disabled now`);
  equal((await type(server, `ai key enable ${id}`)).text, `${id} is enabled now`);
  equal((await type(server, `ai key rotate ${id}`, '{"apiKey": "new"}')).text, `${id} has a new secret`);
  equal((await type(server, `ai key test ${ECHO_IDS[1]} --use text:echo`)).text, "text:echo works");
  equal((await type(server, "ai key reseal")).text, "Looked at 5 AI keys, sealed 0 anew");
  match((await type(server, "ai usage")).text, /\nNo usage$/);
  equal((await type(server, `ai key remove ${id}`)).text, `Removed ${id}`);
  const nonsense: [line: string, given: string | string[], why: RegExp][] = [
    [add, "", /^Give apiKey: pipe it in, alone on a line/],
    [add, [""], /^Give apiKey/],
    [
      "ai key add spark Star --use text:max",
      SECRET.apiKey,
      /^Cannot read the secret: pipe in {"appId": "..."/,
    ],
    ["ai key add spark Star --use text:max", `{"${SECRET.apiKey}": "x"}`, /^Cannot use the secret/],
    ["ai key add openai Main --use film:x", SECRET.apiKey, /^Cannot use "film:x"/],
    ["ai key add openai Main", SECRET.apiKey, /^Give --use/],
    ["ai key add nobody Main --use text:x", SECRET.apiKey, /it is one of openai, /],
    ["ai key disable x", "", /^Cannot use the id/],
    ["ai usage --from yesterday", "", /^Cannot use --from/],
    [`ai key add openai Main --use text:x --secret ${SECRET.apiKey}`, "", /^Unknown option '--secret'/],
  ];
  for (const [line, given, why] of nonsense) {
    const { code, text } = await type(server, line, given);
    equal(code, 2, line);
    match(text, why);
    doesNotMatch(text, /sk-a-secret/);
  }
});
