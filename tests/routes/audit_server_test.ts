import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { z } from "zod";
import type { Account } from "protocol/accounts.ts";
import type { NewApiKey } from "protocol/api_keys.ts";
import { AUDIT_EVENTS, type AuditEvent, type AuditLine, AuditPage } from "protocol/audit.ts";
import { Person } from "tests/support/chatter.ts";
import { CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { OidcSite } from "tests/support/oidc_site.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";
import { Outbox } from "tests/support/outbox.ts";
import { operate } from "../../ops/ops.ts";

const PATIENCE_MS = 10_000;
const NEW = "a new password entirely";

let site: OidcSite;
let operator: HttpClient;
let outbox: Outbox;
let logins = 0;

Deno.test.beforeAll(async () => {
  site = await OidcSite.start([{ id: "corp", secret: "secret of corp" }], {
    ...{ MAIL_OUTBOX: "on", CODE_EVERY_SECONDS: 0, CODES_PER_MINUTE: 1_000, LOGIN_ATTEMPTS: 3 },
    ...{ REFRESH_EVERY_SECONDS: 0, REFRESH_GRACE_SECONDS: 0 },
  });
  operator = new HttpClient(
    site.url,
    (await Deno.readTextFile(`${site.server.dataDir}/operator_key`)).trim(),
  );
  outbox = new Outbox(site.server.dataDir);
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

/** Somebody new, signed in with a browser. */
interface Somebody {
  readonly id: string;
  readonly login: string;
  readonly browser: CookieClient;
}

async function somebody(): Promise<Somebody> {
  const login = `person-${++logins}`;
  const browser = await CookieClient.member(site.url, login);
  return { id: (await browser.must<Account>(200, "GET", "/v1/account")).id, login, browser };
}

async function addContact({ browser, login }: Somebody): Promise<void> {
  await browser.must(202, "POST", "/v1/account/contacts", { kind: "email", address: `${login}@example.org` });
  await browser.must(200, "POST", "/v1/account/contacts/confirm", { code: (await outbox.next()).code });
}

async function createKey(): Promise<string> {
  const given = { name: "Bot", scopes: ["rooms"] };
  return (await operator.post<z.infer<typeof NewApiKey>>("/v1/api-keys", given)).body.id;
}

async function link({ browser, login }: Somebody): Promise<void> {
  const traveller = new Traveller(site.url, browser);
  equal(await traveller.travel("corp", { sub: login }, { purpose: "link" }), "/");
}

async function createAiKey(): Promise<string> {
  const uses = [{ feature: "text", model: "echo" }];
  const given = { provider: "echo", label: "Echo", uses };
  return (await operator.post<{ id: string }>("/v1/ai/keys", given)).body.id;
}

/** One of two who chat reports what the other has said. */
async function reported(): Promise<{ reporter: string; report: string }> {
  const [ann, ben] = [await Person.register(site.server), await Person.register(site.server)];
  await using a = await ann.live(site.server);
  await using b = await ben.live(site.server);
  const { conversation } = await a.send(ben, "buy this");
  const { id } = await b.socket.call<{ id: string }>("chat.report", { conversation, seq: 1, reason: "spam" });
  return { reporter: ben.id, report: id };
}

type Scenario = (
  person: Somebody,
) => Promise<Partial<Pick<AuditLine, "subject" | "actor" | "detail">> | void>;

/** What has to happen for each to be recorded; by the account itself unless it says otherwise. */
const SCENARIOS: Readonly<Record<AuditEvent, Scenario>> = {
  "account.created": async () => {},
  "account.removed": async ({ browser }) => void await browser.must(204, "DELETE", "/v1/account"),
  "account.role_changed": async ({ id }) => {
    equal((await operator.patch(`/v1/accounts/${id}`, { role: "operator" })).status, 200);
    return { actor: keyId(), detail: { role: "operator" } };
  },
  "login.succeeded": async () => {},
  "login.failed": async ({ browser, login }) => {
    await browser.must(401, "POST", "/v1/login", { login, password: "wrong" });
    return { actor: "anonymous" };
  },
  "login.throttled": async ({ browser, login }) => {
    for (let n = 0; n < 3; n++) await browser.must(401, "POST", "/v1/login", { login, password: "wrong" });
    await browser.must(429, "POST", "/v1/login", { login, password: PASSWORD });
    return { actor: "anonymous" };
  },
  "session.ended": async ({ browser }) => void await browser.must(204, "POST", "/v1/logout"),
  "session.refused": async ({ browser }) => {
    await browser.copy("barrage_refresh").must(401, "POST", "/v1/refresh");
    return { actor: "system" };
  },
  "session.token_reused": async ({ browser }) => {
    const thief = browser.copy("barrage_refresh", "barrage_device");
    for (let n = 0; n < 2; n++) await browser.must(200, "POST", "/v1/refresh");
    await thief.must(401, "POST", "/v1/refresh");
    return { actor: "system" };
  },
  "session.confirmed": async ({ browser }) =>
    void await browser.must(204, "POST", "/v1/account/confirm", { password: PASSWORD }),
  "password.changed": async ({ browser }) =>
    void await browser.must(200, "POST", "/v1/account/password", { password: NEW }),
  "password.reset": async (person) => {
    await addContact(person);
    const { login, browser } = person;
    await browser.must(202, "POST", "/v1/password-resets", { login });
    const { code } = await outbox.next();
    await browser.must(204, "POST", "/v1/password-resets/confirm", { login, code, password: NEW });
  },
  "code.refused": async ({ browser, login }) => {
    await browser.must(403, "POST", "/v1/password-resets/confirm", {
      login,
      code: "12345678",
      password: NEW,
    });
    return { actor: "anonymous" };
  },
  "contact.added": addContact,
  "contact.removed": async (person) => {
    await addContact(person);
    await person.browser.must(204, "DELETE", `/v1/account/contacts/email/${person.login}@example.org`);
  },
  "identity.linked": link,
  "identity.unlinked": async (person) => {
    await link(person);
    await person.browser.must(200, "DELETE", "/v1/account/identities/corp");
  },
  "key.created": async () => ({ subject: await createKey(), actor: keyId() }),
  "key.revoked": async () => {
    const key = await createKey();
    equal((await operator.delete(`/v1/api-keys/${key}`)).status, 204);
    return { subject: key, actor: keyId() };
  },
  "message.reported": async () => {
    const { reporter, report } = await reported();
    return { subject: reporter, detail: { report, reason: "spam" } };
  },
  "report.settled": async () => {
    const { reporter, report } = await reported();
    equal((await operator.patch(`/v1/reports/${report}`, { outcome: "upheld" })).status, 200);
    return { subject: reporter, actor: keyId(), detail: { report, outcome: "upheld" } };
  },
  "ai_key.created": async () => {
    return { subject: await createAiKey(), actor: keyId(), detail: { provider: "echo" } };
  },
  "ai_key.changed": async () => {
    const key = await createAiKey();
    equal((await operator.patch(`/v1/ai/keys/${key}`, { label: "New", state: "disabled" })).status, 200);
    return { subject: key, actor: keyId(), detail: { changed: "label state", state: "disabled" } };
  },
  "ai_key.rotated": async () => {
    const key = await createAiKey();
    equal((await operator.post(`/v1/ai/keys/${key}/rotate`, { secret: {} })).status, 200);
    return { subject: key, actor: keyId() };
  },
  "ai_key.removed": async () => {
    const key = await createAiKey();
    equal((await operator.delete(`/v1/ai/keys/${key}`)).status, 204);
    return { subject: key, actor: keyId() };
  },
  "switch.set": async () => {
    equal((await operator.put("/v1/switches/serve-stale", { forMs: 1_000 })).status, 200);
    return { subject: "serve-stale", actor: keyId(), detail: { forMs: 1_000 } };
  },
  "switch.cleared": async () => {
    equal((await operator.delete("/v1/switches/shed-ai")).status, 200);
    return { subject: "shed-ai", actor: keyId() };
  },
};

function keyId(): string {
  return /^bk_(.{26})/.exec(operator.token ?? "")?.[1] ?? "";
}

async function page(query: string, client = operator): Promise<z.infer<typeof AuditPage>> {
  const { status, body } = await client.get<unknown>(`/v1/audit?${query}`);
  equal(status, 200, JSON.stringify(body));
  return AuditPage.parse(body);
}

/** Refusals come up to a second later. */
async function lineOf(event: AuditEvent, subject: string): Promise<AuditLine> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { events } = await page(`subject=${subject}`);
    const found = events.find((line) => line.event === event);
    if (found !== undefined) return found;
    if (performance.now() > until) {
      throw new Error(`Cannot find ${event}: ${events.map(({ event }) => event)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const event of AUDIT_EVENTS) {
  Deno.test(`[L1] ${event} is recorded`, async () => {
    const person = await somebody();
    const since = Date.now() - 60_000;
    const { subject = person.id, actor = subject, detail } = await SCENARIOS[event](person) ?? {};
    const line = await lineOf(event, subject);
    deepEqual([line.subject, line.actor], [subject, actor]);
    if (detail !== undefined) deepEqual(line.detail, detail);
    ok(line.at > since && line.at <= Date.now());
    // What somebody does about others is not done from where they are; a conversation does not know from where.
    if (actor !== keyId() && event !== "account.created" && event !== "message.reported") {
      equal(line.address, "127.0.0.1", JSON.stringify(line));
    }
  });
}

Deno.test("[L2] operators, and keys with the scope audit, read all of it page by page, the newest first", async () => {
  const person = await somebody();
  await person.browser.must(204, "POST", "/v1/logout");
  const { body } = await operator.post<z.infer<typeof NewApiKey>>("/v1/api-keys", {
    name: "Auditor",
    scopes: ["audit"],
  });
  const auditor = new HttpClient(site.url, body.key);
  const whole = (await page("limit=500", auditor)).events;
  ok(whole.length > 3 && whole.every(({ id }, n) => n === 0 || id < whole[n - 1]!.id));
  const read: AuditLine[] = [];
  for (let before: string | undefined = `7${"Z".repeat(25)}`; before !== undefined;) {
    const { events, next }: z.infer<typeof AuditPage> = await page(`limit=7&before=${before}`, auditor);
    ok(events.length === 7 || next === undefined);
    read.push(...events);
    before = next;
  }
  deepEqual(read.map(({ id }) => id), whole.map(({ id }) => id));
  const mine = (await page(`subject=${person.id}`)).events;
  deepEqual(mine.map(({ event }) => event), ["session.ended", "login.succeeded", "account.created"]);
  for (const query of ["limit=0", "limit=501", "before=x", "subject=%00", `subject=${"a".repeat(65)}`]) {
    equal((await operator.get(`/v1/audit?${query}`)).status, 422, query);
  }
});

Deno.test("[L3] everybody reads what concerns his own account", async () => {
  const [alice, bob] = [await somebody(), await somebody()];
  await bob.browser.must(401, "POST", "/v1/login", { login: alice.login, password: "wrong" });
  await lineOf("login.failed", alice.id);
  const own = AuditPage.parse(await alice.browser.must(200, "GET", "/v1/account/events"));
  deepEqual(own.events.map(({ event }) => event), ["login.failed", "login.succeeded", "account.created"]);
  ok(own.events.every(({ subject }) => subject === alice.id));
  const first = AuditPage.parse(await alice.browser.must(200, "GET", "/v1/account/events?limit=2"));
  const rest = AuditPage.parse(
    await alice.browser.must(200, "GET", `/v1/account/events?limit=2&before=${first.next}`),
  );
  deepEqual([...first.events, ...rest.events], own.events);
  equal(rest.next, undefined);
});

Deno.test("[L8] deno task ops audit list shows it, of everybody or of one", async () => {
  const { login, id } = await somebody();
  const type = (words: string) => {
    const env: Record<string, string> = { PORT: String(site.server.port), DATA_DIR: site.server.dataDir };
    return operate(words.split(" "), (name) => env[name]);
  };
  const { code, text } = await type(`audit list ${login}`);
  equal(code, 0, text);
  match(text, /^AT +EVENT +SUBJECT +BY +ADDRESS +DEVICE +DETAIL\n/);
  match(
    text,
    new RegExp(
      `login\\.succeeded +${id} +itself +127\\.0\\.0\\.1 +Firefox on Linux +session=\\w+ by=password`,
    ),
  );
  equal((await type(`audit list ${id}`)).text, text);
  const { events } = AuditPage.parse(JSON.parse((await type("audit list --limit 2 --json")).text));
  equal(events.length, 2);
  match(
    (await type("audit list --limit 2")).text,
    new RegExp(`\nThere are more: --before ${events[1]!.id}$`),
  );
  equal((await type(`audit list ${"01JD3Y4B6V8Q2Z5K7M9N0P1R2S"}`)).text, "Nothing happened");
  deepEqual([(await type("audit list nobody-here")).code, (await type("audit list a b")).code], [1, 2]);
});
