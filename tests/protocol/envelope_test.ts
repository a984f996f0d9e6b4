import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { type Envelope, errorReply, readEnvelope, readIncoming, resultReply } from "protocol/envelope.ts";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import { METHODS } from "protocol/methods.ts";

const CALL = { jsonrpc: "2.0", method: "session.ping" };

function invalid(input: unknown): Extract<Envelope, { kind: "invalid" }> {
  const envelope = readEnvelope(input);
  if (envelope.kind !== "invalid") throw new Error(`Expected an invalid envelope, got ${envelope.kind}`);
  equal(envelope.error.reason, "invalid_request");
  return envelope;
}

Deno.test("[P10] a request has an id, a notification none, and params default to nothing", () => {
  deepEqual(readEnvelope({ ...CALL, id: 7 }), { kind: "request", id: 7, method: "session.ping", params: {} });
  deepEqual(readEnvelope({ ...CALL, id: "a", params: { x: 1 } }), {
    kind: "request",
    id: "a",
    method: "session.ping",
    params: { x: 1 },
  });
  deepEqual(readEnvelope(CALL), { kind: "notification", method: "session.ping", params: {} });
});

Deno.test("[P10] a reply nobody asked for is told apart", () => {
  deepEqual(readEnvelope({ jsonrpc: "2.0", id: 1, result: {} }), { kind: "reply" });
  deepEqual(readEnvelope({ jsonrpc: "2.0", id: null, error: { code: 1, message: "x" } }), { kind: "reply" });
});

Deno.test("[P11] an invalid envelope names the failing path and keeps the id where it can be known", () => {
  const cases: [input: unknown, id: string | number | null, path: string | undefined][] = [
    [{ method: "a", id: 1 }, 1, "jsonrpc"],
    [{ jsonrpc: "1.0", method: "a", id: 1 }, 1, "jsonrpc"],
    [{ jsonrpc: "2.0", id: 2 }, 2, "method"],
    [{ ...CALL, method: "", id: "x" }, "x", "method"],
    [{ ...CALL, method: 5 }, null, "method"],
    [{ ...CALL, id: null }, null, "id"],
    [{ ...CALL, id: 1.5 }, null, "id"],
    [{ ...CALL, id: 2 ** 60 }, null, "id"],
    [{ ...CALL, id: "x".repeat(65) }, null, "id"],
    [{ ...CALL, id: {} }, null, "id"],
    [{ ...CALL, id: 3, params: [1, 2] }, 3, "params"],
    [{ ...CALL, id: 3, params: "text" }, 3, "params"],
    [{ ...CALL, id: 3, params: null }, 3, "params"],
    ["text", null, undefined],
    [null, null, undefined],
    [[CALL], null, undefined],
    [17, null, undefined],
  ];
  for (const [input, id, path] of cases) {
    const envelope = invalid(input);
    equal(envelope.id, id, JSON.stringify(input));
    equal(envelope.error.details.path, path, JSON.stringify(input));
  }
});

Deno.test("[P12] a batch holds 1-16 envelopes, each judged on its own", () => {
  const mixed = readIncoming([{ ...CALL, id: 1 }, "junk", CALL, [CALL]]);
  if (mixed.kind !== "batch") throw new Error("Expected a batch");
  deepEqual(mixed.envelopes.map((envelope) => envelope.kind), [
    "request",
    "invalid",
    "notification",
    "invalid",
  ]);
  equal(readIncoming(Array(16).fill(CALL)).kind, "batch");
  for (const size of [0, 17]) {
    const incoming = readIncoming(Array(size).fill(CALL));
    ok(incoming.kind === "single" && incoming.envelope.kind === "invalid");
    equal(incoming.envelope.id, null);
    ok(incoming.envelope.error.message.includes(`batch of ${size}`));
  }
});

Deno.test("[P11] any value is read without throwing", () => {
  fc.assert(fc.property(fc.anything(), (value) => {
    ok(["single", "batch"].includes(readIncoming(value).kind));
  }));
});

Deno.test("[P13] replies carry the id, and errors their reason and details", () => {
  deepEqual(resultReply("a", { now: 1 }), { jsonrpc: "2.0", id: "a", result: { now: 1 } });
  deepEqual(errorReply(null, new BarrageError("rate_limited", "Slow down", { retryAfterMs: 200 })), {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32029, message: "Slow down", data: { reason: "rate_limited", retryAfterMs: 200 } },
  });
});

Deno.test("[P13] what is not ours becomes internal and keeps its text to itself", () => {
  const reply = errorReply(1, BarrageError.from(new Error("password=hunter2")));
  equal(reply.error.data.reason, "internal");
  ok(!JSON.stringify(reply).includes("hunter2"));
});

function complaintOf(schema: z.ZodType, input: unknown): BarrageError {
  const read = schema.safeParse(input);
  if (read.success) throw new Error("Expected the schema to refuse");
  return invalidParams(read.error);
}

Deno.test("[P14] invalid_params names the path and says why in one sentence", () => {
  const room = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  const say = METHODS["room.say"].params;
  const cases: [input: unknown, path: string, message: string][] = [
    [{ room, text: "" }, "params.text", "Cannot use params.text: must have 1-200 visible characters"],
    [{ room }, "params.text", "Cannot use params.text: it is missing"],
    [{ room, text: 5 }, "params.text", "Cannot use params.text: expected string, received number"],
    [{ room: "x", text: "hi" }, "params.room", "Cannot use params.room: must be a ULID"],
    [{ room, text: "hi", colour: 1 }, "params.colour", "Cannot use params.colour: there is no such field"],
    [
      { room, text: "hi", style: { color: "red" } },
      "params.style.color",
      "Cannot use params.style.color: must look like #33ccff",
    ],
  ];
  for (const [input, path, message] of cases) {
    const error = complaintOf(say, input);
    equal(error.reason, "invalid_params");
    equal(error.message, message);
    equal(error.details.path, path);
  }
});

Deno.test("[P14] what is to be an object is called so, whatever its keys", () => {
  const { message } = complaintOf(METHODS["chat.sync"].params, { since: 5 });
  equal(message, "Cannot use params.since: expected object, received number");
});

Deno.test("[P14] a path follows lists, and a name sent by the client is cut short", () => {
  const list = z.strictObject({ items: z.array(z.strictObject({ n: z.int().max(5) })) });
  equal(complaintOf(list, { items: [{ n: 1 }, { n: 9 }] }).details.path, "params.items.1.n");
  equal(complaintOf(z.string(), 5).details.path, "params");
  const long = complaintOf(list, { items: [], ["x".repeat(10_000)]: 1 });
  ok(long.message.length < 200 && long.details.path?.endsWith("..."));
});
