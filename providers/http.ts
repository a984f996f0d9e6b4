import { UpstreamFault } from "actors/ai/provider.ts";
import { Body } from "./body.ts";

const encoder = new TextEncoder();

/**
 * A body that can be read once only: with any other, Deno's fetch makes the call again by itself when the upstream hangs
 * up on a connection that was kept, and nobody would have counted that second call.
 */
function once(body: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(body));
      controller.close();
    },
  });
}

/**
 * `fetch` that fails with faults. What the runtime says about a failure quotes the address, which may be signed, so it is
 * not passed on; redirects are not followed, for they could lead a key elsewhere.
 */
export async function send(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  signal.throwIfAborted();
  try {
    const body = typeof init.body === "string" ? { body: once(init.body) } : {};
    return await fetch(url, { ...init, ...body, redirect: "manual", signal });
  } catch {
    signal.throwIfAborted();
    throw new UpstreamFault("transient", "The upstream cannot be reached, or hung up before it answered");
  }
}

/** A body of JSON, whole and bounded. */
export async function readJson(response: Response, signal: AbortSignal, bytesMax: number): Promise<unknown> {
  await using body = new Body(response, signal, bytesMax);
  const text = new TextDecoder().decode(await body.all());
  try {
    return JSON.parse(text);
  } catch {
    throw new UpstreamFault(
      "malformed",
      `The upstream answered ${response.status} with something that is no JSON`,
    );
  }
}

/**
 * The usual address unless the credential has its own; without a slash at its end.
 * @throws {UpstreamFault} when it is none: only another address would help.
 */
export function baseOf(url: string | undefined, usual: string): string {
  const base = url ?? usual;
  if (!/^(http|ws)s?:$/.test(URL.parse(base)?.protocol ?? "")) {
    throw new UpstreamFault("forbidden", "The credential's base address is none for a provider");
  }
  return base.replace(/\/+$/, "");
}
