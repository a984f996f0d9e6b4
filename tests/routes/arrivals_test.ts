import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { Arrivals, deviceLabel } from "routes/arrivals.ts";
import { Cookies } from "routes/cookies.ts";
import { Origin } from "routes/origin.ts";
import { digest, randomSecret } from "routes/refresh_tokens.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
const arrivals = new Arrivals(
  new Cookies(new Origin(undefined)),
  (address) => address === "198.51.100.7" ? "Berlin" : undefined,
);

function request(headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/v1/login", { method: "POST", headers });
}

Deno.test("[S27] a device that comes again shows its secret, and only the hash of it goes on", () => {
  const secret = randomSecret();
  const headers = { cookie: `barrage_device=${secret}`, "user-agent": FIREFOX };
  deepEqual(arrivals.again(request(headers), "198.51.100.7", undefined), {
    arrival: {
      deviceHash: digest(secret),
      device: "Firefox on Linux",
      address: "198.51.100.7",
      region: "Berlin",
    },
    deviceToken: secret,
  });
});

Deno.test("[S27] a program without cookies sends its device secret itself", () => {
  const [own, other] = [randomSecret(), randomSecret()];
  const headers = { cookie: `barrage_device=${other}` };
  const { arrival, deviceToken } = arrivals.again(request(headers), "203.0.113.1", own);
  equal(deviceToken, own);
  deepEqual(Object.keys(arrival), ["deviceHash", "address", "device"]);
});

Deno.test("[S27] whoever signs in gets a new secret, whatever the browser brought along", () => {
  const planted = randomSecret();
  const headers = { cookie: `barrage_device=${planted}` };
  const { arrival, deviceToken } = arrivals.first(request(headers), "203.0.113.1");
  notEqual(deviceToken, planted);
  match(deviceToken, /^[\w-]{43}$/);
  equal(arrival.deviceHash, digest(deviceToken));
  notEqual(arrivals.first(request(headers), "203.0.113.1").deviceToken, deviceToken);
});

Deno.test("[S27] a device that shows no secret, or what cannot be one, is like a stranger", () => {
  for (const chosen of [undefined, "", "x", "x".repeat(44), "é".repeat(43)]) {
    const { arrival, deviceToken } = arrivals.again(request(), "203.0.113.1", chosen);
    notEqual(deviceToken, chosen);
    equal(arrival.deviceHash, digest(deviceToken));
  }
});

Deno.test("[S28] a device is named by its browser and system", () => {
  for (
    const [userAgent, label] of [
      [FIREFOX, "Firefox on Linux"],
      [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0",
        "Microsoft Edge on Windows",
      ],
      [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Safari on iOS",
      ],
      [
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36",
        "Chrome on Android",
      ],
      ["curl/8.5.0", "curl"],
      ["", "Unknown device"],
      [" \u200b ", "Unknown device"],
      ["!!!", "Unknown program"],
    ] as const
  ) {
    equal(deviceLabel(userAgent), label);
  }
});

Deno.test("[S28] whatever the header says, the name is short and its making quick", () => {
  const begun = performance.now();
  for (const part of ["Mozilla/5.0 (", "a".repeat(64), "((((", "Chrome/", "<script>", "\n", "; ", "/1.1.1"]) {
    const label = deviceLabel(part.repeat(20_000));
    ok(label.length <= 64);
    ok(!/[\n<]/.test(label), label);
  }
  ok(performance.now() - begun < 1_000);
  equal(deviceLabel("x".repeat(512) + FIREFOX), "x".repeat(64));
});
