import { deepEqual, equal } from "node:assert/strict";
import { UpstreamFault } from "actors/ai/provider.ts";
import { deck, fetchFile, picture } from "providers/file.ts";
import { openProviders } from "providers/registry.ts";
import { FILE_BYTES_MAX } from "providers/limits.ts";
import { DECK, PNG } from "tests/support/upstream/files.ts";
import { Scripted } from "./scripted.ts";

const never = new AbortController().signal;

function kind(thrown: unknown): string {
  return thrown instanceof UpstreamFault ? thrown.kind : String(thrown);
}

Deno.test("[Z14] nobody gets us to look into our own network", async () => {
  const addresses = [
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://10.1.2.3/x",
    "https://169.254.169.254/latest/meta-data",
    "https://192.168.1.1/x",
    "https://100.64.0.1/x",
    "https://0.0.0.0/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://localhost/x",
    "https://[fd00::1]/x",
    "http://8.8.8.8/x",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "https://user:word@8.8.8.8/x",
    "no address",
  ];
  for (const address of addresses) {
    const fetched = fetchFile(address, "https://api.openai.com/v1", AbortSignal.timeout(5_000));
    equal(await fetched.then(() => "fetched", kind), "malformed", address);
  }
});

Deno.test("[Z14] the upstream's own origin is as good as the upstream, but does not lead elsewhere", async () => {
  await using upstream = new Scripted();
  await using elsewhere = new Scripted();
  upstream.answers.push(() => new Response(PNG.slice()));
  deepEqual(await fetchFile(`${upstream.url}/x.png`, `${upstream.url}/v1`, never), PNG);
  upstream.answers.push(() => new Response(null, { status: 302, headers: { location: elsewhere.url } }));
  equal(
    await fetchFile(`${upstream.url}/x.png`, upstream.url, never).then(() => "fetched", kind),
    "transient",
  );
  equal(
    await fetchFile(`${elsewhere.url}/x.png`, upstream.url, never).then(() => "fetched", kind),
    "malformed",
  );
  deepEqual(elsewhere.received, []);
});

Deno.test("[Z7] a file has a bound", async () => {
  await using upstream = new Scripted();
  upstream.answers.push(() => new Response(new Uint8Array(FILE_BYTES_MAX)));
  equal((await fetchFile(`${upstream.url}/x`, upstream.url, never)).length, FILE_BYTES_MAX);
  upstream.answers.push(() => new Response(new Uint8Array(FILE_BYTES_MAX + 1)));
  equal(await fetchFile(`${upstream.url}/x`, upstream.url, never).then(() => "fetched", kind), "malformed");
});

Deno.test("[Z13] the type is what the bytes are", () => {
  const bytes = (...head: number[]) => Uint8Array.from([...head, ...new Array(20).fill(0)]);
  const types = [
    PNG,
    bytes(0xff, 0xd8, 0xff),
    new TextEncoder().encode("GIF89a"),
    new TextEncoder().encode("RIFF1234WEBPVP8 "),
  ].map((each) => picture(each).type);
  deepEqual(types, ["image/png", "image/jpeg", "image/gif", "image/webp"]);
  for (const text of ["<svg xmlns=", "<!doctype html>", "RIFF1234WAVE", "BM", ""]) {
    let thrown: unknown;
    try {
      picture(new TextEncoder().encode(text));
    } catch (error) {
      thrown = error;
    }
    equal(kind(thrown), "malformed", text);
  }
  equal(deck(DECK).name, "slides.pptx");
});

Deno.test("[Z44] providers are found by name, with the fields of their secrets", () => {
  const providers = openProviders();
  deepEqual(providers.list().map(({ name, secretFields }) => [name, ...secretFields]), [
    ["openai", "apiKey"],
    ["openai-prefill", "apiKey"],
    ["spark", "appId", "apiKey", "apiSecret"],
    ["echo"],
  ]);
  for (const { name, features, prefill } of providers.list()) {
    deepEqual(features, ["text", "image", "slides"]);
    equal(providers.named(name)?.name, name);
    equal(prefill, name === "openai-prefill" || name === "echo");
  }
  equal(providers.named("toString"), undefined);
});
