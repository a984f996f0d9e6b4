import { equal, throws } from "node:assert/strict";
import { Origin } from "routes/origin.ts";

const HOME = "https://live.example.com";

function request(headers: Record<string, string>, url = "http://live.example.com/v1/rooms"): Request {
  return new Request(url, { method: "POST", headers });
}

Deno.test("[S21] with PUBLIC_URL only its origin is our own, to the letter", () => {
  const origin = new Origin(HOME);
  equal(origin.sent(request({ origin: HOME })), true);
  for (
    const foreign of [
      "http://live.example.com",
      "https://live.example.com:8443",
      "https://example.com",
      "https://evil.example.com",
      "https://live.example.com.evil.example",
      "null",
      "",
      "garbage",
    ]
  ) {
    equal(origin.sent(request({ origin: foreign })), false, foreign);
  }
});

Deno.test("[S21] without PUBLIC_URL the host that was asked for is our own, behind a proxy with TLS too", () => {
  const origin = new Origin(undefined);
  equal(origin.sent(request({ origin: "https://live.example.com" })), true);
  equal(origin.sent(request({ origin: "http://127.0.0.1:8080" }, "http://127.0.0.1:8080/")), true);
  for (const foreign of ["http://127.0.0.1:8081", "http://localhost:8080", "null", "http://"]) {
    equal(origin.sent(request({ origin: foreign }, "http://127.0.0.1:8080/")), false, foreign);
  }
});

Deno.test("[S21] without an Origin header Sec-Fetch-Site decides, and without both nothing is our own", () => {
  const origin = new Origin(HOME);
  equal(origin.sent(request({ "sec-fetch-site": "same-origin" })), true);
  equal(origin.sent(request({ "sec-fetch-site": "none" })), true);
  equal(origin.sent(request({ "sec-fetch-site": "same-site" })), false);
  equal(origin.sent(request({ "sec-fetch-site": "cross-site" })), false);
  equal(origin.sent(request({})), false);
  equal(origin.sent(request({ origin: "https://evil.example", "sec-fetch-site": "same-origin" })), false);
});

Deno.test("[S21] what needs our own origin is forbidden from any other", () => {
  const origin = new Origin(HOME);
  origin.require(request({ origin: HOME }));
  throws(() => origin.require(request({ origin: "https://evil.example" })), { reason: "forbidden" });
});
