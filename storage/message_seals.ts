import type { BodyCipher } from "./body_cipher.ts";
import type { MessageStore } from "./conversation_storage.ts";
import type { Engine } from "./engine.ts";

/**
 * Seals bodies anew that are not sealed with the newest key, one page of rows. Nobody's fence is needed: a row is only
 * replaced while it still holds what was read, so an edit meanwhile stands.
 */
export async function reseal(
  { db }: Engine,
  cipher: BodyCipher,
  after: { readonly conversation: string; readonly seq: number } | undefined,
  limit: number,
): ReturnType<MessageStore["reseal"]> {
  const { conversation = "", seq = 0 } = after ?? {};
  const rows = await db.selectFrom("conversation_message")
    .select(["conversation_id", "seq", "body", "key_version"])
    .where(({ eb, or, and }) =>
      or([
        eb("conversation_id", ">", conversation),
        and([eb("conversation_id", "=", conversation), eb("seq", ">", seq)]),
      ])
    )
    .where("kind", "!=", "swept")
    .orderBy("conversation_id").orderBy("seq").limit(limit).execute();
  let resealed = 0;
  for (const row of rows.filter(({ key_version }) => key_version !== cipher.keyVersion)) {
    const place = { conversation: row.conversation_id, seq: row.seq };
    const open = cipher.open(place, { body: row.body, keyVersion: row.key_version });
    const sealed = cipher.seal(place, open);
    // One statement at a time: a transaction of many rows could stand in a circle with the commit lanes.
    const { numUpdatedRows } = await db.updateTable("conversation_message")
      .set({ body: sealed.body, key_version: sealed.keyVersion })
      .where("conversation_id", "=", place.conversation).where("seq", "=", place.seq)
      .where("body", "=", row.body).executeTakeFirstOrThrow();
    resealed += Number(numUpdatedRows);
  }
  const last = rows.at(-1);
  return last && { conversation: last.conversation_id, seq: last.seq, looked: rows.length, resealed };
}
