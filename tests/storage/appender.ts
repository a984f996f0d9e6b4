import { openStorage } from "storage/open.ts";
import { createRooms, fence, roomId, says } from "./contract/records.ts";

// A process to be killed: appends to a few rooms at once and prints `room offset` when the write is acknowledged.
const [kind, place = "", dataDir = ""] = Deno.args;
const database = kind === "sqlite"
  ? { kind, path: place } as const
  : { kind: "postgres", url: place } as const;
const ROOMS = [1, 2, 3, 4, 5, 6, 7, 8];

const storage = await openStorage({ database, dataDir });
await createRooms(storage, ...ROOMS);
await Promise.all(ROOMS.map(appendForEver));

/** Every other room waits for the disk as well. */
async function appendForEver(n: number): Promise<void> {
  const survives = n % 2 === 0 ? "machine" : "process";
  for (let head = 0;;) {
    const items = says(head + 1, head + 1 + (head + n) % 4);
    await storage.lane.commit(fence(n), [storage.rooms.append(roomId(n), items)], survives);
    head += items.length;
    Deno.stdout.writeSync(new TextEncoder().encode(`${n} ${head}\n`));
  }
}
