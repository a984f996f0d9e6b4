import type { Limits } from "tests/support/upstream/limits.ts";
import type { UpstreamProcess } from "tests/support/upstream/process.ts";
import { takeGuestToken } from "./dialects/barrage.ts";

/** What the simulator holds to, and the server is told. */
export interface ModelLoad {
  readonly model: string;
  readonly keys: number;
  readonly limits: Limits;
}

/** Where OpenAI's protocol is spoken, and by which key. */
export interface Door {
  /** Up to and with `/v1`. */
  readonly base: string;
  readonly key: string;
}

/** A crowd of one address asks as much as all of them would. */
export const ASKING_ENV = {
  AI_GUESTS: "on",
  AI_ECHO: "off",
  AI_WAITING_PER_USER_MAX: "100",
  CALLS_IN_FLIGHT: "1024",
  CALLS_PER_SECOND: "10000",
  CALLS_BURST: "20000",
  HEARTBEAT_MS: "300000",
};

/** Keys of the simulator, brought to the server by its operator; returns the first one's own door. */
export async function addModel(
  origin: string,
  operatorKey: string,
  upstream: UpstreamProcess,
  { model, keys, limits }: ModelLoad,
): Promise<Door> {
  const doors: Door[] = [];
  for (let nth = 0; nth < keys; nth++) {
    const { baseUrl, secret } = await upstream.credential({ id: `${model}-${nth}`, limits });
    const response = await fetch(`${origin}/v1/ai/keys`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${operatorKey}` },
      body: JSON.stringify({
        ...{ provider: "openai", label: `Key ${nth}`, baseUrl, secret },
        uses: [{
          ...{ feature: "text", model },
          ...{ inFlightMax: limits.inFlight, startsPerSecond: limits.startsPerSecond },
        }],
      }),
    });
    if (!response.ok) throw new Error(`Cannot add a key: ${await response.text()}`);
    await response.body?.cancel();
    doors.push({ base: baseUrl, key: secret["apiKey"]! });
  }
  return doors[0]!;
}

/** As written by the server's first start. */
export async function operatorKeyIn(dataDir: string): Promise<string> {
  return (await Deno.readTextFile(`${dataDir}/operator_key`)).trim();
}

/** One for each of so many guests. */
export async function guestDoors(origin: string, guests: number): Promise<Door[]> {
  const doors: Door[] = [];
  for (let nth = 0; nth < guests; nth++) {
    const { token } = await takeGuestToken(origin);
    doors.push({ base: `${origin}/v1`, key: token });
  }
  return doors;
}
