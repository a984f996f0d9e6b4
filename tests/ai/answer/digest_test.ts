import { notStrictEqual, strictEqual } from "node:assert/strict";
import { digestOf } from "actors/ai/answer/digest.ts";
import { estimateTokens } from "actors/ai/answer/tokens.ts";
import { Readers } from "actors/ai/answer/readers.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { AiRequest } from "protocol/ai.ts";

const A = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const B = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";
const user = (id: string): Caller => ({
  kind: "user",
  user: { id, name: "x" },
  standing: "member",
  session: id,
});
const service = (id: string): Caller => ({ kind: "service", user: { id, name: "x" }, scopes: ["ai"] });
const ask = (options = {}, content = "Hi") =>
  AiRequest.parse({ feature: "text", messages: [{ role: "user", content }], options });

Deno.test("[AN5] equal requests of users have one digest; model, text and options make another", () => {
  const digest = digestOf("m", ask(), user(A));
  strictEqual(digest?.length, 43);
  strictEqual(digestOf("m", ask(), user(B)), digest);
  for (
    const other of [
      digestOf("n", ask(), user(A)),
      digestOf("m", ask({}, "Ho"), user(A)),
      digestOf("m", ask({ maxTokens: 5 }), user(A)),
      digestOf("m", ask(), service(A)),
    ]
  ) notStrictEqual(other, digest);
});

Deno.test("[AN5] programs share with nobody else", () => {
  notStrictEqual(digestOf("m", ask(), service(A)), digestOf("m", ask(), service(B)));
});

Deno.test("[AN6] above temperature 0 nothing is merged unless it is asked for, and at 0 it can be refused", () => {
  strictEqual(digestOf("m", ask({ temperature: 0.7 }), user(A)), undefined);
  notStrictEqual(digestOf("m", ask({ temperature: 0.7, merge: true }), user(A)), undefined);
  notStrictEqual(digestOf("m", ask({ temperature: 0 }), user(A)), undefined);
  strictEqual(digestOf("m", ask({ temperature: 0, merge: false }), user(A)), undefined);
  strictEqual(digestOf("m", AiRequest.parse({ feature: "image", prompt: "a cat" }), user(A)), undefined);
});

Deno.test("[AN25] tokens are estimated by four characters, and by one for Chinese", () => {
  strictEqual(estimateTokens("abcdefgh"), 2);
  strictEqual(estimateTokens("你好世界"), 4);
  strictEqual(estimateTokens(""), 0);
});

Deno.test("[AN8] an answer has been left when no node reports readers, or those that did are silent", () => {
  const readers = new Readers(0);
  strictEqual(readers.awayMs(1_000), 1_000);
  readers.report("a", 2, 1_000);
  strictEqual(readers.awayMs(40_000), 0);
  readers.report("a", 0, 41_000);
  strictEqual(readers.awayMs(51_000), 10_000);
  readers.report("b", 1, 60_000);
  strictEqual(readers.awayMs(100_000), 0);
  strictEqual(readers.awayMs(110_000), 10_000);
});
