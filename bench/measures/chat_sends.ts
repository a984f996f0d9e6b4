import { startPostgres } from "../../ops/servers/postgres.ts";
import type { ChatSends } from "../micro/chat_sends.ts";
import { heapFlags } from "../servers/contenders.ts";
import { runMicro } from "../micro/run.ts";

export interface SendsLoad {
  readonly seconds: number;
  readonly conversations: number;
  readonly underWay: number;
  /** Offered a second while the time to the ack is measured. */
  readonly rate: number;
}

export type Database = "sqlite" | "postgres";

/** In a process of its own, with the heap of a node, on a fresh database. */
export async function measureChatSends(database: Database, load: SendsLoad): Promise<ChatSends> {
  const { seconds, conversations, underWay, rate } = load;
  const args = [seconds, conversations, underWay, rate];
  const flags = await heapFlags();
  if (database === "sqlite") return await runMicro<ChatSends>("chat_sends.ts", args, flags);
  await using server = await startPostgres({ fsync: true });
  return await runMicro<ChatSends>("chat_sends.ts", [...args, await server.createDatabase()], flags);
}
