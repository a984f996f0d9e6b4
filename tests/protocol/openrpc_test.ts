import { deepEqual, equal, ok } from "node:assert/strict";
import { ERRORS } from "protocol/errors.ts";
import { METHODS, NOTIFICATIONS } from "protocol/methods.ts";
import { openRpc } from "protocol/openrpc.ts";

const document = openRpc("1.2.3");

Deno.test("[P20] the OpenRPC document lists every call and notification, and only calls have results", () => {
  equal(document.openrpc, "1.3.2");
  equal(document.info.version, "1.2.3");
  const { methods, "x-notifications": notifications } = document;
  deepEqual(methods.map(({ name }) => name), Object.keys(METHODS));
  deepEqual(notifications.map(({ name }) => name), Object.keys(NOTIFICATIONS));
  for (const { name, result } of methods) ok(result !== undefined, name);
  for (const { name, result } of notifications) equal(result, undefined, name);
});

Deno.test("[P20] params are described by name, as the client may send them", () => {
  const say = document.methods.find(({ name }) => name === "room.say");
  deepEqual(say?.params.map(({ name, required }) => [name, required]), [
    ["room", true],
    ["text", true],
    ["id", false],
    ["style", false],
  ]);
  equal(say?.paramStructure, "by-name");
  deepEqual(document.methods.find(({ name }) => name === "session.ping")?.params, []);
});

Deno.test("[P20] params of one kind or another are described by what each of the kinds has", () => {
  const message = document["x-notifications"].find(({ name }) => name === "chat.message");
  const required = new Map(message?.params.map(({ name, required }) => [name, required]));
  equal(required.get("seq"), true);
  equal(required.get("text"), false);
  equal(required.get("change"), false);
  const kind = message?.params.find(({ name }) => name === "kind")?.schema;
  deepEqual(kind, { anyOf: [{ type: "string", const: "sent" }, { type: "string", const: "change" }] });
});

Deno.test("[P20] every error of the table is a component, and every reference leads to one", () => {
  deepEqual(Object.keys(document.components.errors), Object.keys(ERRORS));
  for (const [reason, { code }] of Object.entries(ERRORS)) {
    equal(document.components.errors[reason]?.code, code);
  }
  for (const method of document.methods) {
    for (const { $ref } of method.errors ?? []) {
      ok($ref.slice("#/components/errors/".length) in document.components.errors, $ref);
    }
  }
});

Deno.test("[P20] the document is plain JSON and its schemas refer to nothing outside", () => {
  const text = JSON.stringify(document);
  deepEqual(JSON.parse(text), document);
  for (const [, target] of text.matchAll(/"\$ref":"([^"]*)"/g)) {
    ok(target?.startsWith("#/components/errors/"), text);
  }
});
