import { Barrage, createGuest, problemError, type Room } from "client/mod.ts";
import type { Reason } from "protocol/errors.ts";
import type { MessagePage } from "protocol/rooms.ts";
import type { z } from "zod";
import { check } from "./checker.ts";
import type { Company, Finding } from "./company.ts";
import type { Entry, History, Message, SocketHistory } from "./history.ts";
import { Poster, say } from "./poster.ts";
import { type Manner, Sender } from "./sender.ts";
import { Tap } from "./tap.ts";
import { entryOf, Viewer } from "./viewer.ts";

const PAGE = 500;
const PATIENCE_MS = 60_000;
const RETRY_MS = 250;
const LOOK_MS = 50;

export interface CrowdOptions {
  readonly url: string;
  readonly rooms: number;
  /** In every room; they watch as well. */
  readonly senders: number;
  /** In every room, and silent. */
  readonly viewers: number;
}

interface Seated {
  readonly room: Room;
  readonly tap: Tap;
}

/** People in several rooms, spread over the nodes, who talk until they are asked to stop; and a script in each. */
export class Crowd implements Company {
  readonly rooms: readonly string[];
  readonly #url: string;
  readonly #token: string;
  readonly #clients: Barrage[] = [];
  readonly #taps: Tap[] = [];
  readonly #viewers: Viewer[] = [];
  readonly #senders: Sender[] = [];
  readonly #posters: Poster[] = [];
  readonly #ends: Message[] = [];
  readonly #acks = new Map<string, number[]>();
  readonly failures = new Map<Reason, number>();

  private constructor(url: string, token: string, rooms: readonly string[]) {
    this.#url = url;
    this.#token = token;
    this.rooms = rooms;
    for (const room of rooms) this.#acks.set(room, []);
  }

  /** Everybody is in before anything is said. */
  static async gather({ url, rooms, senders, viewers }: CrowdOptions): Promise<Crowd> {
    const { token } = await createGuest({ url, name: "owner" });
    const ids = await Promise.all(
      Array.from({ length: rooms }, (_, n) => createRoom(url, token, `Room ${n}`)),
    );
    const crowd = new Crowd(url, token, ids);
    const talkers: [string, Seated, Manner][] = [];
    for (const [r, id] of ids.entries()) {
      for (let n = 0; n < senders + viewers; n++) {
        const name = n < senders ? `sender-${r}.${n}` : `viewer-${r}.${n - senders}`;
        const seated = await crowd.#enter(name, id);
        if (n < senders) talkers.push([name, seated, n % 2 === 0 ? "patient" : "hasty"]);
      }
    }
    for (const [name, { room, tap }, manner] of talkers) {
      crowd.#senders.push(new Sender(name, room, tap, manner, crowd.#events));
    }
    for (const [r, id] of ids.entries()) {
      const name = `poster-${r}`;
      const guest = await createGuest({ url, name });
      crowd.#posters.push(new Poster(name, url, guest.token, id));
    }
    return crowd;
  }

  get seen(): number {
    return this.#viewers.reduce((sum, { history }) => sum + history.sights.length, 0);
  }

  get messages(): readonly Message[] {
    return [...[...this.#senders, ...this.#posters].flatMap(({ messages }) => messages), ...this.#ends];
  }

  get summary(): string {
    return `${this.messages.length} messages in ${this.rooms.length} rooms`;
  }

  get steady(): readonly Message[] {
    return this.messages;
  }

  /** When what was said in each room was acked. */
  get acks(): ReadonlyMap<string, readonly number[]> {
    return this.#acks;
  }

  /** Resolves when something said from now on was acked in every room. */
  async untilAcked(patienceMs = PATIENCE_MS): Promise<void> {
    const since = performance.now();
    const silent = () =>
      [...this.#acks].filter(([, times]) => (times.at(-1) ?? 0) < since).map(([room]) => room);
    await until(
      () => silent().length === 0,
      patienceMs,
      () => `an ack in ${silent()} (failed: ${JSON.stringify(Object.fromEntries(this.failures))})`,
    );
  }

  /** Everybody falls silent and sees everything there is to see; then tells what happened. */
  async tell(): Promise<History> {
    await Promise.all([...this.#senders, ...this.#posters].map((sender) => sender.stop()));
    await Promise.all(this.rooms.map((room) => this.#end(room)));
    const waiting = () => this.#viewers.filter(({ last }) => !last.startsWith("the end"));
    await until(() => waiting().length === 0, PATIENCE_MS).catch((error) => {
      // The checker finds who is behind, and tells it better.
      if (!(error instanceof Waited)) throw error;
    });
    const sockets: SocketHistory[] = this.#taps.flatMap((tap) => tap.histories());
    const logs = new Map<string, readonly Entry[]>();
    for (const room of this.rooms) logs.set(room, await this.#log(room));
    return { messages: this.messages, viewers: this.#viewers.map(({ history }) => history), sockets, logs };
  }

  async judge(): Promise<readonly Finding[]> {
    return check(await this.tell());
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    return Promise.resolve();
  }

  readonly #events = {
    acked: (room: string, at: number) => void this.#acks.get(room)?.push(at),
    failed: (reason: Reason) => void this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1),
  };

  async #enter(name: string, id: string): Promise<Seated> {
    const { token } = await createGuest({ url: this.#url, name });
    const tap = new Tap(name);
    const client = new Barrage({ url: this.#url, token, WebSocket: tap.Socket });
    this.#clients.push(client);
    this.#taps.push(tap);
    const room = client.room(id);
    this.#viewers.push(new Viewer(name, room));
    await room.join();
    return { room, tap };
  }

  /** Over HTTP, from outside the crowd, so that nobody's own socket matters. */
  async #end(room: string): Promise<void> {
    const text = `the end of ${room}`;
    const body = { text, id: "the-end" };
    const at = performance.now();
    await insist(() => say(this.#url, this.#token, room, body, AbortSignal.timeout(PATIENCE_MS)));
    const outcome = { kind: "acked", at: performance.now() } as const;
    this.#ends.push({ sender: "the end", room, place: 1, text, at, sendings: [], outcome });
  }

  async #log(room: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const query = `after=${after}&limit=${PAGE}`;
      await insist(async () => {
        const response = await fetch(`${this.#url}/v1/rooms/${room}/messages?${query}`);
        if (!response.ok) throw await problemError(response);
        const page: z.infer<typeof MessagePage> = await response.json();
        entries.push(...page.items.map(entryOf));
        after = page.next;
      });
    }
    return entries;
  }
}

async function createRoom(url: string, token: string, title: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`${url}/v1/rooms`, {
    method: "POST",
    headers,
    body: JSON.stringify({ title }),
  });
  if (!response.ok) throw await problemError(response);
  return (await response.json()).id;
}

/** Repeats what fails until it succeeds. */
async function insist(attempt: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

class Waited extends Error {
  override readonly name = "Waited";
}

async function until(condition: () => boolean, patienceMs: number, wanted = () => "it"): Promise<void> {
  for (const end = performance.now() + patienceMs; !condition();) {
    if (performance.now() > end) throw new Waited(`Cannot see ${wanted()} in ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
