import type { Selectable } from "kysely";

/** The tables. Times are milliseconds since 1970; every integer stays inside 2^53. */
export interface Database {
  node: NodeTable;
  shard: ShardTable;
  room: RoomTable;
  room_item: RoomItemTable;
  timer: TimerTable;
  token_key: TokenKeyTable;
}

interface NodeTable {
  id: string;
  epoch: number;
  address: string;
  version: string;
  /** 0 or 1. */
  draining: number;
  expires_at: number;
}

interface ShardTable {
  n: number;
  owner: string | null;
  owner_epoch: number;
  epoch: number;
}

interface RoomTable {
  id: string;
  owner_epoch: number;
  title: string;
  owner_id: string;
  owner_name: string;
  state: "live" | "ended" | "deleted";
  /** JSON. */
  settings: string;
  created_at: number;
  ended_at: number | null;
  head: number;
  total: number;
}

interface RoomItemTable {
  room_id: string;
  offset: number;
  kind: string;
  total: number;
  at: number;
  /** JSON of the item as it goes over the wire. */
  body: string;
  /** JSON of the [user, client id] pairs; null when nobody chose an id. */
  said: string | null;
}

interface TimerTable {
  kind: string;
  key: string;
  name: string;
  generation: number;
  shard: number;
  due_at: number;
  verb: string;
  /** JSON. */
  input: string;
}

interface TokenKeyTable {
  kid: string;
  /** JSON Web Key, the public half. */
  public_key: string;
}

export type NodeRow = Selectable<NodeTable>;
export type ShardRow = Selectable<ShardTable>;
export type RoomRow = Selectable<RoomTable>;
export type RoomItemRow = Selectable<RoomItemTable>;
export type TimerRow = Selectable<TimerTable>;
