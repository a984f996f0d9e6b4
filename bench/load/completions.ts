import type { Door } from "./ai_models.ts";

/** A chunk that shows something; the first one, which only names who speaks, does not. */
const SHOWS = /"content":"[^"]/;
const DONE = "data: [DONE]";
/** More than the last chunk has. */
const TAIL = 64;

const decoder = new TextDecoder("latin1");

/** Asks for one chat as a stream and reads it to the end; milliseconds from asking to the first token. */
export async function streamChat(
  { base, key }: Door,
  model: string,
  text: string,
  signal?: AbortSignal,
): Promise<number> {
  const began = performance.now();
  const response = await fetch(`${base}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: text }] }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok || response.body === null) {
    throw new Error(`Cannot stream a chat: ${response.status} ${await response.text()}`);
  }
  let head: string | undefined = "";
  let tail = "";
  let firstMs = Infinity;
  for await (const piece of response.body) {
    const said = decoder.decode(piece);
    if (head !== undefined && SHOWS.test(head += said)) {
      firstMs = performance.now() - began;
      head = undefined;
    }
    tail = (tail + said).slice(-TAIL);
  }
  if (!tail.includes(DONE)) throw new Error(`Cannot stream a chat: it ended with ${JSON.stringify(tail)}`);
  return firstMs;
}
