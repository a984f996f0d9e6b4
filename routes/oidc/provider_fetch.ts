import type { CustomFetchOptions } from "openid-client";

/** Metadata, key sets and tokens of real providers have a few kilobytes. */
const BODY_MAX_BYTES = 1_048_576;

/**
 * As fetch, with the whole body: a transform in between would not end with the signal of the request.
 * @throws {TypeError} also when the body is over the bound.
 */
export async function fetchBounded(url: string, options: CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit);
  if (response.body === null) return response;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > BODY_MAX_BYTES) throw new TypeError("Cannot read the answer: it is too large");
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(new Blob(chunks), { status, statusText, headers });
}
