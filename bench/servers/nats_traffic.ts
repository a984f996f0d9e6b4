import type { NatsServerProcess } from "../../ops/servers/nats.ts";

/** What the server has taken in from its clients, and sent to them; payloads and headers, without the protocol. */
export interface Traffic {
  readonly messagesIn: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Of one lane of every node: `bulk` has the events of rooms and users, `control` all else. */
export async function trafficOf(nats: NatsServerProcess, lane: "bulk" | "control"): Promise<Traffic> {
  const [, port] = await nats.says(/http monitor on 127\.0\.0\.1:(\d+)/);
  const response = await fetch(`http://127.0.0.1:${port}/connz`);
  const { connections }: { connections: Connection[] } = await response.json();
  const traffic = { messagesIn: 0, bytesIn: 0, bytesOut: 0 };
  for (const { name, in_msgs, in_bytes, out_bytes } of connections) {
    if (name?.endsWith(` ${lane}`) !== true) continue;
    traffic.messagesIn += in_msgs;
    traffic.bytesIn += in_bytes;
    traffic.bytesOut += out_bytes;
  }
  return traffic;
}

interface Connection {
  readonly name?: string;
  readonly in_msgs: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
}
