import { openRoom } from "../servers/contenders.ts";
import { delay } from "../wait.ts";
import { takeGuestToken } from "./dialects/barrage.ts";

/** Between a refusal and the next try. */
const RETRY_MS = 20;
const PATIENCE_MS = 60_000;

/** A guest who speaks in a room of their own. */
export class Speaker {
  readonly room: string;
  readonly #token: string;
  #said = 0;

  constructor(room: string, token: string) {
    this.room = room;
    this.#token = token;
  }

  /** Says one message through the node, again and again, until the room has acknowledged it. */
  async sayUntilAcked(origin: string): Promise<void> {
    const id = `said-${++this.#said}`;
    let refusal = "nothing";
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(RETRY_MS)) {
      const response = await fetch(`${origin}/v1/rooms/${this.room}/messages`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${this.#token}` },
        body: JSON.stringify({ id, text: `message ${this.#said}` }),
      });
      const answer = await response.text();
      if (response.ok) return;
      refusal = answer;
    }
    throw new Error(`Cannot speak in a room for ${PATIENCE_MS} ms: the last answer was ${refusal}`);
  }
}

/** Rooms, each with a guest of its own, made through the nodes in turn. */
export async function openSpeakers(origins: readonly string[], count: number): Promise<Speaker[]> {
  const speakers: Speaker[] = [];
  for (let nth = 0; nth < count; nth++) {
    const origin = origins[nth % origins.length]!;
    const [room, { token }] = await Promise.all([openRoom(origin), takeGuestToken(origin)]);
    speakers.push(new Speaker(room, token));
  }
  return speakers;
}
