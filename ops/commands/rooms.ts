import { Ulid } from "protocol/ids.ts";
import { Room, RoomPage, RoomState } from "protocol/rooms.ts";
import {
  type Arguments,
  type Group,
  numberOption,
  type Outcome,
  positionals,
  UsageError,
} from "./command.ts";
import type { Server } from "./server.ts";
import { table, time } from "./table.ts";

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const query = new URLSearchParams({ limit: String(numberOption(args, "limit", 1, 100)) });
  const { state, before } = args.options;
  if (typeof state === "string") {
    if (!RoomState.safeParse(state).success) throw new UsageError("Cannot use --state: it is live or ended");
    query.set("state", state);
  }
  if (typeof before === "string") query.set("before", before);
  const page = await server.get(`/v1/rooms?${query}`, RoomPage);
  const rows = page.rooms.map((room) => [
    ...[room.id, room.state, String(room.online), room.owner.name],
    ...[time(room.createdAt), room.title],
  ]);
  const more = page.next === undefined ? "" : `\nThere are more: --before ${page.next}`;
  const columns = ["ID", "STATE", "ONLINE", "OWNER", "SINCE", "TITLE"];
  return { data: page, text: table(columns, rows, "No rooms") + more };
}

async function end(server: Server, args: Arguments): Promise<Outcome> {
  const [id] = positionals(args, "id of the room");
  if (!Ulid.safeParse(id).success) throw new UsageError("Cannot use the id: `rooms list` shows ids");
  const room = await server.patch(`/v1/rooms/${id}`, { state: "ended" }, Room);
  return { data: room, text: `Ended ${id}, ${JSON.stringify(room.title)}` };
}

export const rooms: Group = {
  summary: "Live rooms",
  commands: {
    list: {
      usage: "list [--state live|ended] [--before ID] [--limit 20]",
      summary: "List rooms, the newest first",
      options: {
        state: { type: "string" },
        before: { type: "string" },
        limit: { type: "string", default: "20" },
      },
      run: list,
    },
    end: { usage: "end <id>", summary: "End a live room; its history stays readable", run: end },
  },
};
