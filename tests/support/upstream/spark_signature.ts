import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { CallDesk, KnownCredential } from "./call_desk.ts";
import type { HttpRequest } from "./http_connection.ts";

const SKEW_MAX_MS = 300_000;
const SLIDES_SKEW_MAX_MS = 300_000;

export type Verdict =
  | { readonly credential: KnownCredential }
  | { readonly status: number; readonly message: string };

/** The rules of a signed URL, in the order in which the gateway of the real one applies them. */
export function verifyUrl(desk: CallDesk, request: HttpRequest, nowMs: number): Verdict {
  const url = new URL(request.target, "http://upstream");
  const authorization = url.searchParams.get("authorization");
  const date = url.searchParams.get("date") ?? "";
  const host = url.searchParams.get("host") ?? "";
  if (authorization === null) return { status: 401, message: "Unauthorized" };
  if (!(Math.abs(Date.parse(date) - nowMs) <= SKEW_MAX_MS)) {
    const message = "HMAC signature cannot be verified, a valid date or x-date header is required";
    return { status: 403, message };
  }
  const fields = Object.fromEntries(
    [...atob(authorization).matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const credential = desk.find("apiKey", fields["api_key"]);
  if (
    credential === undefined || fields["headers"] !== "host date request-line" ||
    fields["algorithm"] !== "hmac-sha256"
  ) {
    return { status: 401, message: "HMAC signature cannot be verified" };
  }
  const origin = `host: ${host}\ndate: ${date}\n${request.method} ${url.pathname} HTTP/1.1`;
  const wanted = createHmac("sha256", credential.secret["apiSecret"] ?? "").update(origin).digest("base64");
  if (host !== request.headers.get("host") || !same(wanted, fields["signature"] ?? "")) {
    return { status: 401, message: "HMAC signature does not match" };
  }
  return { credential };
}

/** The headers of the slides' interface. */
export function verifyHeaders(desk: CallDesk, request: HttpRequest, nowMs: number): Verdict {
  const appId = request.headers.get("appid");
  const timestamp = request.headers.get("timestamp") ?? "";
  const credential = desk.find("appId", appId);
  if (credential === undefined || appId === undefined) return { status: 200, message: "unknown app" };
  if (!(Math.abs(Number(timestamp) * 1_000 - nowMs) <= SLIDES_SKEW_MAX_MS)) {
    return { status: 200, message: "timestamp" };
  }
  const md5 = createHash("md5").update(appId + timestamp).digest("hex");
  const wanted = createHmac("sha1", credential.secret["apiSecret"] ?? "").update(md5).digest("base64");
  if (!same(wanted, request.headers.get("signature") ?? "")) return { status: 200, message: "signature" };
  return { credential };
}

function same(left: string, right: string): boolean {
  return left.length === right.length &&
    timingSafeEqual(new TextEncoder().encode(left), new TextEncoder().encode(right));
}
