import { deepEqual, equal, ok } from "node:assert/strict";
import type { Account } from "protocol/accounts.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Outbox } from "tests/support/outbox.ts";
import { type Server, startServer } from "tests/support/server.ts";

const SETTINGS = { ...CHEAP, MAIL_OUTBOX: "on", CODE_EVERY_SECONDS: 0, CODES_PER_MINUTE: 1_000 };
const EMAIL = { kind: "email", address: "alice@example.org" };

async function member(server: Server, login = "alice") {
  return { alice: await CookieClient.member(server.url, login), outbox: new Outbox(server.dataDir) };
}

async function addContact(alice: CookieClient, outbox: Outbox, contact = EMAIL): Promise<Account> {
  await alice.must(202, "POST", "/v1/account/contacts", contact);
  const { code } = await outbox.next();
  return await alice.must<Account>(200, "POST", "/v1/account/contacts/confirm", { code });
}

Deno.test("[A40] a code that was sent to an address makes it a contact, in one spelling", async () => {
  await using server = await startServer(SETTINGS);
  const { alice, outbox } = await member(server);
  await alice.must(202, "POST", "/v1/account/contacts", { kind: "email", address: " Alice@Example.org " });
  const { to, code } = await outbox.next();
  equal(to, EMAIL.address);
  const [spaced, wrong] = [
    `${code.slice(0, 4)} ${code.slice(4)}`,
    String(99_999_999 - Number(code)).padStart(8, "0"),
  ];
  equal((await alice.send("POST", "/v1/account/contacts/confirm", { code: wrong })).body.reason, "forbidden");
  const added = await alice.must<Account>(200, "POST", "/v1/account/contacts/confirm", { code: spaced });
  deepEqual(added.contacts, [EMAIL]);
  await alice.must(202, "POST", "/v1/account/contacts", { kind: "phone", address: "+49 (30) 123-4567" });
  const phone = await outbox.next();
  equal(phone.to, "+49301234567");
  const both = await alice.must<Account>(200, "POST", "/v1/account/contacts/confirm", { code: phone.code });
  deepEqual(both.contacts, [EMAIL, { kind: "phone", address: "+49301234567" }]);
  const signIn = { login: " ALICE@example.org", password: PASSWORD, transport: "body" };
  equal((await new HttpClient(server.url).post("/v1/login", signIn)).status, 200);
  for (let n = 0; n < 2; n++) await alice.must(204, "DELETE", "/v1/account/contacts/email/Alice@example.org");
  await alice.must(204, "DELETE", "/v1/account/contacts/phone/%2B49%2030%201234567");
  deepEqual((await alice.must<Account>(200, "GET", "/v1/account")).contacts, []);
  equal((await new HttpClient(server.url).post("/v1/login", signIn)).status, 401);
});

Deno.test("[A41] what is no address is refused with its path, and adds no line to a message", async () => {
  await using server = await startServer(SETTINGS);
  const { alice, outbox } = await member(server);
  const bad = [
    { kind: "email", address: "alice@example.org\r\nBcc: mallory@example.org" },
    { kind: "email", address: "alice@example.org, mallory@example.org" },
    { kind: "email", address: "<alice@example.org>" },
    { kind: "email", address: "+49301234567" },
    { kind: "email", address: `${"a".repeat(300)}@example.org` },
    { kind: "phone", address: "alice@example.org" },
    { kind: "phone", address: "0301234567" },
    { kind: "phone", address: "+4930123\n4567890123456" },
  ];
  for (const contact of bad) {
    const { status, body } = await alice.send("POST", "/v1/account/contacts", contact);
    deepEqual([status, body.path], [422, "body.address"], contact.address);
  }
  equal(
    (await alice.send("POST", "/v1/account/contacts", { kind: "fax", address: "1" })).body.path,
    "body.kind",
  );
  equal((await alice.send("DELETE", "/v1/account/contacts/email/nobody")).body.path, "path.address");
  deepEqual(await outbox.all(), []);
});

Deno.test("[A42] who asks, for whom, and whose address it goes to: each gets so many codes", async () => {
  await using server = await startServer({ ...SETTINGS, CODES_PER_MINUTE: 5, CODES_PER_HOUR: 2 });
  const { alice } = await member(server);
  const bob = await CookieClient.member(server.url, "bob");
  const ask = async (who: CookieClient, address: string) => {
    const { status, headers } = await who.send("POST", "/v1/account/contacts", { kind: "email", address });
    if (status === 429) ok(Number(headers.get("retry-after")) > 0);
    return status;
  };
  equal(await ask(alice, "target@example.org"), 202);
  equal(await ask(bob, "target@example.org"), 202);
  // One account's share is used up by the third, the target's by the second.
  equal(await ask(bob, "target@example.org"), 429);
  equal(await ask(alice, "other@example.org"), 202);
  equal(await ask(alice, "third@example.org"), 429);
  // That were five from this address, whoever is meant.
  const reset = await new HttpClient(server.url).post("/v1/password-resets", { login: "carol" });
  equal(reset.status, 429);
});

Deno.test("[A42] an account has so many contacts", async () => {
  await using server = await startServer({ ...SETTINGS, CONTACTS_PER_ACCOUNT: 1 });
  const { alice, outbox } = await member(server);
  await addContact(alice, outbox);
  const another = { kind: "email", address: "another@example.org" };
  equal((await alice.send("POST", "/v1/account/contacts", another)).body.reason, "conflict");
  await alice.must(204, "DELETE", "/v1/account/contacts/email/alice@example.org");
  deepEqual((await addContact(alice, outbox, another)).contacts, [another]);
});

Deno.test("[A44] of a hundred tries at once five count; the right one after them opens nothing", async () => {
  await using server = await startServer({
    ...{ ...SETTINGS, CODE_TRIES_PER_MINUTE: 1_000, PASSWORD_QUEUE_MAX: 1_000, CALL_TIMEOUT_MS: 30_000 },
  });
  const { alice, outbox } = await member(server);
  await alice.must(202, "POST", "/v1/account/contacts", EMAIL);
  const { code } = await outbox.next();
  const tries = Array.from({ length: 100 }, (_, n) => ({
    code: String((Number(code) + 1 + n) % 100_000_000).padStart(8, "0"),
  }));
  const answers = await Promise.all(
    tries.map((body) => alice.send("POST", "/v1/account/contacts/confirm", body)),
  );
  const count = (reason: string) => answers.filter(({ body }) => body.reason === reason).length;
  deepEqual([count("forbidden"), count("gone")], [5, 95]);
  equal((await alice.send("POST", "/v1/account/contacts/confirm", { code })).body.reason, "gone");
});

Deno.test("[A44] an address tries so many codes a minute", async () => {
  await using server = await startServer({ ...SETTINGS, CODE_TRIES_PER_MINUTE: 3 });
  const { alice } = await member(server);
  const reasons = [];
  for (let n = 0; n < 4; n++) {
    const { body } = await alice.send("POST", "/v1/account/contacts/confirm", { code: "12345678" });
    reasons.push(body.reason);
  }
  deepEqual(reasons, ["gone", "gone", "gone", "rate_limited"]);
  const reset = { login: "alice", code: "12345678", password: "a new password" };
  const { body } = await new HttpClient(server.url).post("/v1/password-resets/confirm", reset);
  equal(body.reason, "rate_limited");
});
