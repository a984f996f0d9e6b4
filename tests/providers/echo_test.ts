import { deepEqual, equal, ok } from "node:assert/strict";
import { inflateSync } from "node:zlib";
import type { AiRequest } from "protocol/ai.ts";
import type { OpenCredential } from "actors/ai/provider.ts";
import { EchoProvider } from "providers/echo.ts";
import { attempt, callOf, IMAGE, kindOf, shape, TEXT } from "./attempt.ts";

const CREDENTIAL: OpenCredential = { id: "a", provider: "echo", secret: {} };
const OTHER: OpenCredential = { ...CREDENTIAL, id: "b" };

function asking(content: string, options: object = {}): AiRequest {
  return { feature: "text", messages: [{ role: "user", content }], options };
}

function echo(options: object = {}): EchoProvider {
  return new EchoProvider({ tokenMs: 0, startsPerSecond: 1_000, inFlight: 1_000, ...options });
}

Deno.test("[Z40] the same to the same, token by token, in the language of the question", async () => {
  const provider = echo();
  const made = await attempt(provider, callOf(CREDENTIAL, { request: asking("hello there  world") }));
  equal(shape(made), "started text usage end");
  deepEqual(
    made.events.flatMap((event) => event.kind === "text" ? [event.text] : []),
    ["You", " said:", " hello", " there", "  world"],
  );
  deepEqual(made.events.at(-2), {
    kind: "usage",
    usage: { promptTokens: 5, completionTokens: 5, estimated: false },
  });
  equal(
    (await attempt(provider, callOf(CREDENTIAL, { request: asking("你好，world") }))).text,
    "你说：你好，world",
  );
  const json = await attempt(provider, callOf(CREDENTIAL, { request: asking("hi", { json: true }) }));
  deepEqual(JSON.parse(json.text), { echo: "hi" });
});

Deno.test("[Z40] it goes on where it was cut, wherever that was, and within the tokens it was allowed", async () => {
  const provider = echo();
  const request = asking("the river 很长 behind the house");
  const whole = (await attempt(provider, callOf(CREDENTIAL, { request }))).text;
  for (let at = 0; at <= whole.length; at++) {
    const partial = whole.slice(0, at);
    const { text } = await attempt(provider, callOf(CREDENTIAL, { request, partial }));
    equal(partial + text, whole);
  }
  const short = await attempt(provider, callOf(CREDENTIAL, { request: asking("a b c d", { maxTokens: 3 }) }));
  deepEqual([short.text, short.events.at(-1)], ["You said: a", { kind: "end", reason: "length" }]);
});

Deno.test("[Z40] over its limits it refuses, each credential and feature for itself", async () => {
  let now = 10_000;
  const provider = echo({ startsPerSecond: 2, inFlight: 2, now: () => now });
  const kind = async (credential = CREDENTIAL, request = TEXT) =>
    kindOf(await attempt(provider, callOf(credential, { request })));
  deepEqual([await kind(), await kind()], ["none", "none"]);
  now += 400;
  const { fault } = await attempt(provider, callOf(CREDENTIAL));
  deepEqual([fault?.kind, fault?.details.retryAfterMs], ["rate", 600]);
  deepEqual([await kind(OTHER), await kind(CREDENTIAL, IMAGE)], ["none", "none"]);
  now += 599;
  equal(await kind(), "rate");
  now += 1;
  deepEqual([await kind(), await kind(), await kind()], ["none", "none", "rate"]);
});

Deno.test("[Z40] a slot is taken until the call is over, also one that is cancelled or left", async () => {
  let now = 0;
  const provider = echo({ inFlight: 2, now: () => now += 1_000 });
  const cancelled = new AbortController();
  const first = provider.call(callOf(CREDENTIAL), cancelled.signal);
  const second = provider.call(callOf(CREDENTIAL), cancelled.signal);
  await Promise.all([first.next(), second.next()]);
  equal(kindOf(await attempt(provider, callOf(CREDENTIAL))), "concurrency");
  await first.return(undefined);
  equal(kindOf(await attempt(provider, callOf(CREDENTIAL))), "none");
  await second.next();
  cancelled.abort(new Error("Enough"));
  equal(await second.next().then(() => "went on", String), "Error: Enough");
  const both = await Promise.all([1, 2].map(() => attempt(provider, callOf(CREDENTIAL))));
  deepEqual(both.map(kindOf), ["none", "none"]);
});

Deno.test("[Z41] a PNG of the size asked for, the same for the same words", async () => {
  const provider = echo();
  const paint = async (prompt: string, width: number, height: number) => {
    const request: AiRequest = { feature: "image", prompt, width, height };
    const made = await attempt(provider, callOf(CREDENTIAL, { request }));
    equal(shape(made), "started progress progress progress progress file usage end");
    const file = made.events.find((event) => event.kind === "file");
    equal(file?.type, "image/png");
    return file!.bytes;
  };
  const bytes = await paint("a river", 320, 200);
  const [header, palette, data, end] = chunks(bytes);
  deepEqual([header?.type, palette?.type, data?.type, end?.type], ["IHDR", "PLTE", "IDAT", "IEND"]);
  const view = new DataView(header!.data.buffer, header!.data.byteOffset);
  deepEqual([view.getUint32(0), view.getUint32(4)], [320, 200]);
  const pixels = inflateSync(data!.data);
  equal(pixels.length, 321 * 200);
  ok(pixels.every((pixel: number) => pixel < palette!.data.length / 3));
  ok(new Set(pixels).size > 10);
  deepEqual(await paint("a river", 320, 200), bytes);
  ok((await paint("a house", 320, 200)).toBase64() !== bytes.toBase64());
  const large = chunks(await paint("a river", 4_096, 2_048))[0]!.data;
  const size = new DataView(large.buffer, large.byteOffset);
  deepEqual([size.getUint32(0), size.getUint32(4)], [1_024, 512]);
});

/** Throws where a checksum is wrong. */
function chunks(png: Uint8Array): { type: string; data: Uint8Array }[] {
  const found: { type: string; data: Uint8Array }[] = [];
  const view = new DataView(png.buffer, png.byteOffset);
  for (let at = 8; at < png.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    const data = png.subarray(at + 8, at + 8 + length);
    equal(view.getUint32(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)), type);
    found.push({ type, data });
    at += 12 + length;
  }
  return found;
}

/** As the specification of PNG writes it down. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
