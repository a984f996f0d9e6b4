import { createHash } from "node:crypto";

export interface SparkKeys {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** The address with its signature, for one request at this moment. */
export async function signedUrl(
  address: string,
  method: "GET" | "POST",
  { apiKey, apiSecret }: SparkKeys,
  now: Date,
): Promise<string> {
  const url = new URL(address);
  const date = now.toUTCString();
  const origin = `host: ${url.host}\ndate: ${date}\n${method} ${url.pathname} HTTP/1.1`;
  const signature = await hmac("SHA-256", apiSecret, origin);
  const authorization =
    `api_key="${apiKey}", algorithm="hmac-sha256", headers="host date request-line", signature="${signature}"`;
  url.searchParams.set("authorization", btoa(authorization));
  url.searchParams.set("date", date);
  url.searchParams.set("host", url.host);
  // The other side wants spaces as %20.
  return url.href.replaceAll("+", "%20");
}

/** The headers of the slides' interface, which has a way of its own. */
export async function signedHeaders(
  appId: string,
  apiSecret: string,
  now: Date,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const md5 = createHash("md5").update(appId + timestamp).digest("hex");
  return { appId, timestamp, signature: await hmac("SHA-1", apiSecret, md5) };
}

async function hmac(hash: "SHA-1" | "SHA-256", secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash }, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))).toBase64();
}
