import { deepEqual, equal } from "node:assert/strict";
import { Hono } from "hono";
import { type CookieKind, Cookies } from "routes/cookies.ts";
import { Origin } from "routes/origin.ts";

const HOUR_MS = 3_600_000;
const SECURE = "Path=/; HttpOnly; Secure; SameSite=Lax";
const PLAIN = "Path=/; HttpOnly; SameSite=Lax";

/** The cookies that an answer to a request for this address sets. */
async function setBy(url: string, publicUrl?: string): Promise<string[]> {
  const cookies = new Cookies(new Origin(publicUrl));
  const app = new Hono().get("/", (c) => {
    cookies.set(c, "access", "A.B.C", HOUR_MS / 2);
    cookies.set(c, "refresh", "R", 168 * HOUR_MS);
    cookies.set(c, "device", "D", 100_000 * HOUR_MS);
    return c.text("");
  });
  return (await app.request(url)).headers.getSetCookie();
}

/** What is left of attributes when their order does not matter. */
function parsed(cookie: string): string[] {
  const [pair = "", ...attributes] = cookie.split("; ");
  return [pair, ...attributes.sort()];
}

function read(url: string, header: string, kind: CookieKind, publicUrl?: string): string | undefined {
  const cookies = new Cookies(new Origin(publicUrl));
  return cookies.read(new Request(url, { headers: { cookie: header } }), kind);
}

const secure = [
  `__Host-barrage=A.B.C; Max-Age=1800; ${SECURE}`,
  `__Host-barrage_refresh=R; Max-Age=604800; ${SECURE}`,
  `__Host-barrage_device=D; Max-Age=34560000; ${SECURE}`,
];
const plain = [
  `barrage=A.B.C; Max-Age=1800; ${PLAIN}`,
  `barrage_refresh=R; Max-Age=604800; ${PLAIN}`,
  `barrage_device=D; Max-Age=34560000; ${PLAIN}`,
];

for (
  const [url, publicUrl, expected] of [
    ["http://live.example.com/", "https://live.example.com", secure],
    ["http://127.0.0.1:8080/", "https://live.example.com", secure],
    ["http://live.example.com/", undefined, secure],
    ["http://10.0.0.7:8080/", undefined, secure],
    ["http://localhost.example.com/", undefined, secure],
    ["http://127.0.0.1:8080/", undefined, plain],
    ["http://127.8.9.1/", undefined, plain],
    ["http://[::1]:8080/", undefined, plain],
    ["http://localhost:8080/", undefined, plain],
    ["http://live.localhost/", undefined, plain],
    ["http://live.example.com/", "http://localhost:8080", plain],
  ] as const
) {
  Deno.test(`[S20] at ${url}, PUBLIC_URL ${publicUrl ?? "unset"}, cookies are ${expected === plain ? "plain" : "Secure"}`, async () => {
    deepEqual((await setBy(url, publicUrl)).map(parsed), expected.map(parsed));
  });
}

Deno.test("[S20] a cookie is cleared with the flags it was set with", async () => {
  const cookies = new Cookies(new Origin("https://live.example.com"));
  const app = new Hono().get("/", (c) => {
    cookies.clear(c, "access", "refresh");
    return c.text("");
  });
  const answer = await app.request("http://live.example.com/");
  deepEqual(answer.headers.getSetCookie().map(parsed), [
    parsed(`__Host-barrage=; Max-Age=0; ${SECURE}`),
    parsed(`__Host-barrage_refresh=; Max-Age=0; ${SECURE}`),
  ]);
});

Deno.test("[S20] a cookie without the prefix, which others can plant, is not read where it is needed", () => {
  equal(read("http://live.example.com/", "barrage=T", "access"), undefined);
  equal(read("http://live.example.com/", "a=b; __Host-barrage=T; barrage=U", "access"), "T");
  equal(read("http://localhost/", "__Host-barrage=T; barrage=U", "access"), "U");
  equal(read("http://localhost/", "barrage_refresh=R; barrage_device=D", "access"), undefined);
  equal(read("http://localhost/", "barrage_refresh=R; barrage_device=D", "device"), "D");
});

Deno.test("[S20] a header beyond all measure is not read", () => {
  equal(read("http://localhost/", `pad=${"x".repeat(16_384)}; barrage=T`, "access"), undefined);
});
