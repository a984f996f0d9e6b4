import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import type { CodeMessage } from "senders/code_sender.ts";
import { SmtpSender } from "senders/smtp.ts";
import { MailServer } from "tests/support/smtp_server.ts";

const MESSAGE: CodeMessage = {
  kind: "email",
  address: "alice@example.org",
  purpose: "reset",
  text: "12345678 is your code",
};
const FROM = "Barrage <no-reply@example.org>";
const never = new AbortController().signal;

Deno.test("[A49] a code goes out as a mail to one address", async () => {
  await using server = await MailServer.start({ account: { user: "barrage", password: "p@ss/word" } });
  const sender = new SmtpSender({ url: `smtp://barrage:p%40ss%2Fword@${server.host}`, from: FROM });
  await sender.send(MESSAGE, never);
  equal(server.mails.length, 1);
  const { from, to, text } = server.mails[0]!;
  deepEqual([from, to], ["no-reply@example.org", ["alice@example.org"]]);
  match(text, /^From: Barrage <no-reply@example\.org>\r$/m);
  match(text, /^To: alice@example\.org\r$/m);
  match(text, /^Subject: Your code\r$/m);
  match(text, /\r\n\r\n12345678 is your code\r\n$/);
});

Deno.test("[A49] a mail server that refuses is not quoted", async () => {
  await using server = await MailServer.start({ refuse: 1 });
  const refused = await new SmtpSender({ url: server.url, from: FROM }).send(MESSAGE, never).catch(String);
  equal(refused, "SendingError: The mail server did not take it: EMESSAGE 450");
});

Deno.test("[A49] a password is given to a mail server elsewhere over TLS only", async () => {
  const account = { user: "barrage", password: "secret" };
  await using server = await MailServer.start({ account, address: "127.0.0.2" });
  const sender = new SmtpSender({ url: `smtp://barrage:secret@${server.host}`, from: FROM });
  const refused = await sender.send(MESSAGE, AbortSignal.timeout(5_000)).catch(String);
  equal(refused, "SendingError: The mail server did not take it: ETLS 500");
  equal(server.connections, 1);
});

Deno.test("[A49] who no longer wants to wait does not, and the connection is gone", async () => {
  await using server = await MailServer.start({ mute: true });
  const sender = new SmtpSender({ url: server.url, from: FROM });
  const failed = await sender.send(MESSAGE, AbortSignal.timeout(200)).catch(String);
  match(String(failed), /^SendingError: The mail server did not take it/);
  doesNotMatch(String(failed), /12345678|alice/);
});
