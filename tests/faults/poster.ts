import { BarrageCallError, problemError } from "client/mod.ts";
import type { Message, Outcome } from "./history.ts";

const PACE_MS = 400;
const PATIENCE_MS = 15_000;
/** On a connection used before, Deno's fetch repeats a request that got no answer, whatever its method. */
const CLIENT = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/** A script that says things over HTTP, each once and without an id: what it sends once must not stand there twice. */
export class Poster {
  readonly #name: string;
  readonly #url: string;
  readonly #token: string;
  readonly #room: string;
  readonly #messages: Message[] = [];
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(name: string, url: string, token: string, room: string) {
    this.#name = name;
    this.#url = url;
    this.#token = token;
    this.#room = room;
    this.#done = this.#run();
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let place = 1; !this.#stopping; place++) {
      const text = `${this.#name} says ${place}`;
      const at = performance.now();
      const outcome = await this.#post(text);
      const answer = outcome.kind === "acked" ? "ok" : outcome.kind === "open" ? undefined : outcome.reason;
      const sending = { socket: 0, at, answer, answeredAt: performance.now() };
      this.#messages.push({
        sender: this.#name,
        room: this.#room,
        place,
        text,
        at,
        sendings: [sending],
        outcome,
      });
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #post(text: string): Promise<Outcome> {
    try {
      await say(this.#url, this.#token, this.#room, { text }, AbortSignal.timeout(PATIENCE_MS));
      return { kind: "acked", at: performance.now() };
    } catch (error) {
      if (error instanceof BarrageCallError) return { kind: "unknown", reason: error.reason };
      // The connection broke, or there was no answer in time.
      if (error instanceof TypeError || error instanceof DOMException) {
        return { kind: "unknown", reason: "lost" };
      }
      throw error;
    }
  }
}

/** @throws {BarrageCallError} with the server's reason. */
export async function say(
  url: string,
  token: string,
  room: string,
  body: { readonly text: string; readonly id?: string },
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(`${url}/v1/rooms/${room}/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    client: CLIENT,
    signal,
  });
  if (!response.ok) throw await problemError(response);
  await response.body?.cancel();
}
