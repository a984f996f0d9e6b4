import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Drops } from "actors/runtime/drops.ts";
import { CodeDelivery } from "routes/code_delivery.ts";
import type { CodeMessage } from "senders/code_sender.ts";
import { WebhookSender } from "senders/webhook.ts";
import { CHEAP, CookieClient } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { MailServer } from "tests/support/smtp_server.ts";
import { Webhook } from "tests/support/webhook.ts";

const MESSAGE: CodeMessage = {
  kind: "phone",
  address: "+49301234567",
  purpose: "contact",
  text: "12345678 is your code",
};

function open(hook: Webhook, { timeoutMs = 5_000, max = 9 } = {}) {
  const drops = new Drops();
  const phone = new WebhookSender({ url: hook.url, token: undefined });
  return {
    drops,
    delivery: new CodeDelivery({ senders: { email: undefined, phone }, timeoutMs, max, drops }),
  };
}

Deno.test("[A48] what was not taken is tried once more, then it is unavailable", async () => {
  await using hook = new Webhook();
  const { delivery, drops } = open(hook);
  deepEqual([delivery.reaches("phone"), delivery.reaches("email")], [true, false]);
  hook.answers.push(new Response(null, { status: 503 }));
  await delivery.deliver(MESSAGE);
  equal(hook.posted.length, 2);
  hook.answers.push(new Response(null, { status: 503 }), new Response(null, { status: 503 }));
  await rejects(delivery.deliver(MESSAGE), {
    reason: "unavailable",
    message: "Cannot send the code right now",
  });
  equal(hook.posted.length, 4);
  equal(drops.of("codes", "unavailable"), 1);
});

Deno.test("[A48] each try has its time", async () => {
  await using hook = new Webhook();
  const { delivery } = open(hook, { timeoutMs: 200 });
  hook.answers.push("never", "never");
  const since = performance.now();
  await rejects(delivery.deliver(MESSAGE), { reason: "unavailable" });
  ok(performance.now() - since >= 390);
  equal(hook.posted.length, 2);
});

Deno.test("[A48] of too many at once the newest is refused, and a stop ends all", async () => {
  await using hook = new Webhook();
  const { delivery, drops } = open(hook, { timeoutMs: 60_000, max: 2 });
  hook.answers.push("never", "never");
  const first = [delivery.deliver(MESSAGE), delivery.deliver(MESSAGE)];
  await rejects(delivery.deliver(MESSAGE), { reason: "overloaded" });
  equal(drops.of("codes", "overloaded"), 1);
  delivery.stop();
  for (const stopped of first) await rejects(stopped, { reason: "unavailable" });
  await rejects(delivery.deliver(MESSAGE), { reason: "unavailable" });
});

Deno.test("[A48] [A49] [A52] codes go where they should, and what goes wrong is logged without them", async () => {
  await using mail = await MailServer.start({ refuse: 2 });
  await using hook = new Webhook();
  await using server = await startServer({
    ...{ ...CHEAP, CODE_EVERY_SECONDS: 0 },
    ...{ SMTP_URL: mail.url, MAIL_FROM: "Barrage <no-reply@example.org>" },
    ...{ CODE_WEBHOOK_URL: hook.url, CODE_WEBHOOK_TOKEN: "hook-token" },
  });
  const alice = await CookieClient.member(server.url, "alice");
  const email = { kind: "email", address: "alice@example.org" };
  const refused = await alice.send("POST", "/v1/account/contacts", email);
  deepEqual([refused.status, refused.body.reason], [503, "unavailable"]);
  await alice.must(202, "POST", "/v1/account/contacts", email);
  await alice.must(202, "POST", "/v1/account/contacts", { kind: "phone", address: MESSAGE.address });
  const [, emailed = ""] = /^(\d{8}) is your code/m.exec(mail.mails[0]!.text) ?? [];
  const [, posted = ""] = /^(\d{8}) is your code/.exec((hook.posted[0]!.body as CodeMessage).text) ?? [];
  await alice.must(200, "POST", "/v1/account/contacts/confirm", { code: posted });
  hook.answers.push(new Response(null, { status: 500 }), new Response(null, { status: 500 }));
  equal((await new HttpClient(server.url).post("/v1/password-resets", { login: "alice" })).status, 202);
  await server.metricIs('barrage_drops_total{place="resets",reason="unavailable"}', 1);
  await server.logged(/Cannot send a code by .*email.*EMESSAGE 450/);
  await server.logged(/Cannot send a code by .*phone.*The webhook answered 500/);
  const codes = hook.posted.map(({ body }) => (body as CodeMessage).text.slice(0, 8));
  for (const secret of [emailed, ...codes, "hook-token", "hook-secret", email.address]) {
    ok(secret.length >= 8 && !server.errorOutput.includes(secret), secret);
  }
});

Deno.test("[A47] where nothing is set up codes are in the log", async () => {
  await using server = await startServer({ ...CHEAP });
  const alice = await CookieClient.member(server.url, "alice");
  await alice.must(202, "POST", "/v1/account/contacts", { kind: "email", address: "alice@example.org" });
  const [, code = ""] = await server.logged(/(\d{8}) is your code/);
  await alice.must(200, "POST", "/v1/account/contacts/confirm", { code });
});
