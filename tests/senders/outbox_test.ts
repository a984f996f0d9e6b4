import { deepEqual, equal } from "node:assert/strict";
import { LogSender } from "senders/log.ts";
import { openSenders } from "senders/open.ts";
import { OutboxSender } from "senders/outbox.ts";
import { SmtpSender } from "senders/smtp.ts";
import { WebhookSender } from "senders/webhook.ts";

const MESSAGE = { kind: "email", address: "alice@example.org", purpose: "reset", text: "12345678" } as const;

Deno.test("[A50] each code is a file that only the owner of the server reads; the newest thousand are kept", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  const outbox = `${folder}/outbox`;
  await Deno.mkdir(outbox);
  const old = Array.from({ length: 1_000 }, (_, n) => `00${String(n).padStart(4, "0")}.eml`);
  for (const name of [...old, "other.txt"]) await Deno.writeTextFile(`${outbox}/${name}`, "");
  const sender = new OutboxSender(outbox);
  await Promise.all([1, 2, 3].map((n) => sender.send({ ...MESSAGE, text: `code ${n}` })));
  const names = (await Array.fromAsync(Deno.readDir(outbox))).map(({ name }) => name).sort();
  deepEqual(names.slice(0, 997), old.slice(3));
  equal(names.length, 1_001);
  const written = names.slice(997, 1_000);
  for (const [index, name] of written.entries()) {
    const text = await Deno.readTextFile(`${outbox}/${name}`);
    equal(text, `To: alice@example.org\r\nSubject: Your code\r\n\r\ncode ${index + 1}\r\n`);
    equal((await Deno.stat(`${outbox}/${name}`)).mode! & 0o777, 0o600);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("[A47] mail by SMTP, telephones by webhook, else into the outbox, and into the log only when nothing is set up", () => {
  const none = {
    smtpUrl: undefined,
    mailFrom: undefined,
    webhookUrl: undefined,
    webhookToken: undefined,
    mailOutbox: undefined,
    dataDir: "/nowhere",
  };
  const smtp = { smtpUrl: "smtp://127.0.0.1", mailFrom: "a@example.org" };
  const webhook = { webhookUrl: "http://127.0.0.1/" };
  const outbox = { mailOutbox: "on" } as const;
  const kinds = (options: object) => {
    const { email, phone } = openSenders({ ...none, ...options });
    return [email?.constructor, phone?.constructor];
  };
  deepEqual(kinds({}), [LogSender, LogSender]);
  deepEqual(kinds(outbox), [OutboxSender, OutboxSender]);
  deepEqual(kinds(smtp), [SmtpSender, undefined]);
  deepEqual(kinds(webhook), [undefined, WebhookSender]);
  deepEqual(kinds({ ...smtp, ...webhook }), [SmtpSender, WebhookSender]);
  deepEqual(kinds({ ...smtp, ...outbox }), [SmtpSender, OutboxSender]);
  deepEqual(kinds({ ...webhook, ...outbox }), [OutboxSender, WebhookSender]);
});
