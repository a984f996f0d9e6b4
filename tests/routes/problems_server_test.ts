import { deepEqual, doesNotMatch, equal, ok } from "node:assert/strict";
import { Problem } from "protocol/problem.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";

let server: Server;
let guest: HttpClient & { readonly token: string };

Deno.test.beforeAll(async () => {
  server = await startServer({ FRAME_MAX_BYTES: 4_096 });
  guest = await HttpClient.guest(server.url);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Checks the form that every failure has and returns its status and reason. */
async function problem(response: Response): Promise<[number, string]> {
  equal(response.headers.get("content-type"), "application/problem+json");
  const body = Problem.parse(await response.json());
  equal(body.status, response.status);
  equal(body.type, `urn:barrage:error:${body.reason}`);
  ok(body.title.length > 0 && body.detail.length > 0);
  return [response.status, body.reason];
}

function post(body: BodyInit, headers: Record<string, string> = {}, path = "/v1/rooms"): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${guest.token}`, ...headers },
    body,
  });
}

Deno.test("[H40] a route or a method that is not there is 404 unknown_method", async () => {
  for (
    const [method, path] of [["GET", "/v1/nope"], ["GET", "/nope"], ["PUT", "/v1/rooms"], [
      "DELETE",
      "/v1/guests",
    ]]
  ) {
    deepEqual(await problem(await fetch(`${server.url}${path}`, { method: method! })), [
      404,
      "unknown_method",
    ]);
  }
});

Deno.test("[H41] a body that is no JSON is 400 parse, and one that is no object 422", async () => {
  for (const body of ["{", "", "nonsense", "[".repeat(4_000)]) {
    deepEqual(await problem(await post(body)), [400, "parse"], body.slice(0, 10));
  }
  for (const body of ["[]", "null", "7", '"x"']) {
    deepEqual(await problem(await post(body)), [422, "invalid_params"]);
  }
});

Deno.test("[H41] a body of another media type is 400 invalid_request", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    deepEqual(await problem(await post("{}", { "content-type": type })), [400, "invalid_request"], type);
  }
});

Deno.test("[H42] a body over the limit is 413, whether its length is announced or not", async () => {
  const large = JSON.stringify({ title: "x".repeat(4_096) });
  deepEqual(await problem(await post(large)), [413, "too_large"]);
  const chunks = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of large.match(/.{1,500}/g)!) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  deepEqual(await problem(await post(chunks)), [413, "too_large"]);
});

Deno.test("[H43] a token that is not valid is 401 also where none is needed, and is not repeated", async () => {
  for (
    const authorization of [
      "Bearer SECRET",
      "Basic SECRET",
      "SECRET",
      "Bearer ",
      `Bearer ${"x".repeat(5_000)}`,
    ]
  ) {
    for (const path of ["/v1/rooms", "/v1/rooms/01JD3Y4B6V8Q2Z5K7M9N0P1R2S"]) {
      const response = await fetch(`${server.url}${path}`, { headers: { authorization } });
      equal(response.headers.get("www-authenticate"), "Bearer");
      doesNotMatch(await response.clone().text(), /SECRET/);
      deepEqual(await problem(response), [401, "unauthenticated"]);
    }
  }
  doesNotMatch(server.errorOutput, /SECRET/);
});

Deno.test("[H44] a prototype cannot be reached through a body", async () => {
  const response = await post('{"title":"Room","__proto__":{"settings":{"textMax":1}}}');
  deepEqual(await problem(response), [422, "invalid_params"]);
  equal((await guest.room()).settings.textMax, 200);
});

Deno.test("[H45] a request without a usable host or path is a problem and no crash", async () => {
  for (
    const head of [
      "GET / HTTP/1.1\r\nHost: [",
      "GET /v1/rooms HTTP/1.1\r\nHost: a b",
      "GET http://[/ HTTP/1.1\r\nHost: x",
    ]
  ) {
    using answer = await RawSocket.request(server.port, `${head}\r\n\r\n`);
    equal(answer.status, 400);
    equal(answer.headers.get("content-type"), "application/problem+json");
  }
  for (
    const path of [
      "/v1/rooms/%zz",
      "/assets/%00",
      "/assets/..%2f..%2fmain.ts",
      "/assets/../../main.ts",
      "/%2e%2e/main.ts",
    ]
  ) {
    using answer = await RawSocket.request(server.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    ok(answer.status === 404 || answer.status === 422, `${path} is ${answer.status}`);
  }
  equal((await guest.get<{ status: string }>("/healthz")).body.status, "ok");
});

Deno.test("[H46] other origins may call the API, and read its problems, with a header but no cookie", async () => {
  const origin = "https://elsewhere.example";
  const preflight = await fetch(`${server.url}/v1/rooms`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  });
  equal(preflight.status, 204);
  equal(preflight.headers.get("access-control-allow-origin"), "*");
  equal(preflight.headers.get("access-control-allow-credentials"), null);
  for (const path of ["/v1/rooms", "/v1/rooms/lobby", "/v1/nope"]) {
    const response = await fetch(`${server.url}${path}`, { headers: { origin } });
    equal(response.headers.get("access-control-allow-origin"), "*", path);
    await response.body?.cancel();
  }
});

Deno.test("[H47] nothing a client sends is a server error", () => {
  doesNotMatch(server.errorOutput, /"level":"(ERROR|FATAL)"|TypeError/);
});
