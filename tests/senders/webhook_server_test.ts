import { deepEqual, equal } from "node:assert/strict";
import type { CodeMessage } from "senders/code_sender.ts";
import { WebhookSender } from "senders/webhook.ts";
import { Webhook } from "tests/support/webhook.ts";

const MESSAGE: CodeMessage = {
  kind: "phone",
  address: "+49301234567",
  purpose: "contact",
  text: "12345678 is your code",
};
const never = new AbortController().signal;

Deno.test("[A52] a code is posted as JSON, with the token", async () => {
  await using hook = new Webhook();
  await new WebhookSender({ url: hook.url, token: "a-token" }).send(MESSAGE, never);
  await new WebhookSender({ url: hook.url, token: undefined }).send(MESSAGE, never);
  deepEqual(hook.posted, [
    { authorization: "Bearer a-token", body: MESSAGE },
    { authorization: null, body: MESSAGE },
  ]);
});

Deno.test("[A52] a webhook that does not take it, or leads elsewhere, has not been given it", async () => {
  await using hook = new Webhook();
  await using elsewhere = new Webhook();
  const sender = new WebhookSender({ url: hook.url, token: "a-token" });
  const refusal = () => sender.send(MESSAGE, never).catch(String);
  hook.answers.push(new Response("12345678", { status: 500 }));
  equal(await refusal(), "SendingError: The webhook answered 500");
  hook.answers.push(new Response(null, { status: 307, headers: { location: elsewhere.url } }));
  equal(await refusal(), "SendingError: The webhook cannot be reached: TypeError");
  deepEqual(elsewhere.posted, []);
});
