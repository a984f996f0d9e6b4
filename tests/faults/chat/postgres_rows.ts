// @ts-types="@types/pg"
import pg from "pg";
import type { Message } from "protocol/chat.ts";
import type { Stored, StoredMember, StoredMessage } from "./story.ts";

/** What the database holds of all conversations, read past the server's own code. */
export async function readRows(url: string): Promise<Map<string, Stored>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const conversations = await client.query("SELECT id, kind FROM conversation");
    const messages = await client.query(
      "SELECT conversation_id, seq, version, changed, id, kind, sender_id, sender_name, client_id, at, body " +
        "FROM conversation_message ORDER BY conversation_id, seq",
    );
    const members = await client.query(
      "SELECT conversation_id, user_id, state, visible_from, read_seq FROM conversation_member",
    );
    const messagesOf = Map.groupBy(messages.rows, (row) => row.conversation_id);
    const membersOf = Map.groupBy(members.rows, (row) => row.conversation_id);
    return new Map(conversations.rows.map(({ id, kind }) => [id, {
      kind,
      messages: (messagesOf.get(id) ?? []).map(toMessage),
      members: (membersOf.get(id) ?? []).map(toMember),
    }]));
  } finally {
    await client.end();
  }
}

function toMessage(row: Record<string, string>): StoredMessage {
  const message = {
    kind: row["kind"],
    conversation: row["conversation_id"],
    seq: Number(row["seq"]),
    version: Number(row["changed"] ?? row["version"]),
    id: row["id"],
    sender: { id: row["sender_id"], name: row["sender_name"] },
    at: Number(row["at"]),
    ...JSON.parse(row["body"] ?? "{}"),
  } as Message;
  const clientId = row["client_id"];
  return typeof clientId === "string" ? { message, clientId } : { message };
}

function toMember(row: Record<string, string>): StoredMember {
  return {
    user: row["user_id"] ?? "",
    state: row["state"] ?? "",
    visibleFrom: Number(row["visible_from"]),
    readSeq: Number(row["read_seq"]),
  };
}
