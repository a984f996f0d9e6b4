import type { Message } from "protocol/chat.ts";
import type { BodyCipher } from "./body_cipher.ts";
import type { MessageRecord } from "./conversation_storage.ts";
import type { MessageRow } from "./schema.ts";

/** What of a message is left for ever, so that a retry of it stays one. */
export const NOTHING_LEFT = { kind: "swept", sender_name: "", body: "", key_version: null } as const;

/** What one message is in the database: the body holds what only its kind has. */
export function toRow({ message, clientId }: MessageRecord, cipher: BodyCipher): MessageRow {
  const { conversation, seq, version, id, sender, at, kind } = message;
  return {
    conversation_id: conversation,
    seq,
    version,
    changed: null,
    id,
    kind,
    sender_id: sender.id,
    sender_name: sender.name,
    client_id: clientId ?? null,
    at,
    ...toBody(message, cipher),
  };
}

export function toBody(message: Message, cipher: BodyCipher): Pick<MessageRow, "body" | "key_version"> {
  const { kind: _kind, conversation, seq, version: _version, id: _id, sender: _sender, at: _at, ...own } =
    message;
  const { body, keyVersion } = cipher.seal({ conversation, seq }, JSON.stringify(own));
  return { body, key_version: keyVersion };
}

export function toRecord(row: MessageRow, cipher: BodyCipher): MessageRecord {
  const { client_id: clientId } = row;
  return { message: toMessage(row, cipher), ...(clientId !== null && { clientId }) };
}

export function toMessage(row: MessageRow, cipher: BodyCipher): Message {
  const { conversation_id: conversation, seq, id, kind, at } = row;
  const place = {
    conversation,
    seq,
    version: row.changed ?? row.version,
    id,
    sender: { id: row.sender_id, name: row.sender_name },
    at,
  };
  const own = JSON.parse(cipher.open(place, { body: row.body, keyVersion: row.key_version }));
  // Only what was a message of this kind has been written.
  return { kind, ...place, ...own } as Message;
}

/** Whom it mentions. */
export function mentionsIn(message: Message): readonly string[] {
  return message.kind === "sent" ? [...new Set(message.mentions)] : [];
}
