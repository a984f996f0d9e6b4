import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import type { Message } from "protocol/chat.ts";
import type { BodyCipher } from "./body_cipher.ts";
import { MessageChanges } from "./message_changes.ts";
import { mentionsIn, NOTHING_LEFT, toBody, toRecord, toRow } from "./message_rows.ts";
import { reseal } from "./message_seals.ts";
import type { MessageRecord, MessageStore, SentRecord, SeqRange } from "./conversation_storage.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { Database } from "./schema.ts";
import { toWrite } from "./writes.ts";

const CLIENT_KEY = ["conversation_id", "client_id", "sender_id"] as const;

/** What was said in conversations, in the order of `seq`, each as it stands now. */
export class Messages implements MessageStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #cipher: BodyCipher;
  readonly #changes: MessageChanges;

  constructor(engine: Engine, cipher: BodyCipher) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#cipher = cipher;
    this.#changes = new MessageChanges(engine.db, cipher);
  }

  append(messages: readonly MessageRecord[]): Write[] {
    const rows = messages.map((message) => toRow(message, this.#cipher));
    const mentions = messages.flatMap(({ message }) => mentionRows(message));
    return [
      toWrite({ kind: "insert", table: "conversation_message", rows, unique: CLIENT_KEY }),
      ...mentions.length === 0
        ? []
        : [toWrite({ kind: "insert", table: "conversation_mention", rows: mentions })],
    ];
  }

  rewrite(message: Message): Write {
    const { conversation, seq, kind, version } = message;
    const body = toBody(message, this.#cipher);
    const mentions = mentionRows(message);
    return toWrite({
      kind: "run",
      tables: ["conversation_message", "conversation_mention"],
      async run(trx) {
        await trx.updateTable("conversation_message").set({ kind, changed: version, ...body })
          .where("conversation_id", "=", conversation).where("seq", "=", seq).execute();
        await trx.deleteFrom("conversation_mention")
          .where("conversation_id", "=", conversation).where("seq", "=", seq).execute();
        if (mentions.length > 0) await trx.insertInto("conversation_mention").values(mentions).execute();
      },
    });
  }

  async range(
    conversation: string,
    { from, to }: SeqRange,
    limit: number,
    end: "first" | "last",
  ): Promise<MessageRecord[]> {
    const rows = await this.#db.selectFrom("conversation_message").selectAll()
      .where("conversation_id", "=", conversation).where("seq", ">=", from).where("seq", "<=", to)
      .where("kind", "!=", "swept")
      .orderBy("seq", end === "first" ? "asc" : "desc").limit(limit).execute();
    if (end === "last") rows.reverse();
    return rows.map((row) => toRecord(row, this.#cipher));
  }

  changed(
    conversation: string,
    range: SeqRange,
    versions: { readonly after: number; readonly to: number },
    limit: number,
  ): Promise<Message[]> {
    return this.#changes.read(conversation, range, versions, limit);
  }

  async sent(
    conversation: string,
    ids: readonly { readonly sender: string; readonly clientId: string }[],
  ): Promise<SentRecord[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db.selectFrom("conversation_message")
      .select(["sender_id", "client_id", "seq", "id", "at"])
      .where("conversation_id", "=", conversation)
      .where(this.#engine.isOneOf("client_id", ids.map(({ clientId }) => clientId)))
      .execute();
    const asked = new Set(ids.map(({ sender, clientId }) => `${sender} ${clientId}`));
    return rows.map(({ sender_id: sender, client_id: clientId, ...sent }) => ({
      sender,
      clientId: clientId ?? "",
      ...sent,
    })).filter(({ sender, clientId }) => asked.has(`${sender} ${clientId}`));
  }

  async countAfter(
    conversation: string,
    user: string,
    seq: number,
  ): Promise<{ own: number; mentions: number }> {
    const after = (eb: ExpressionBuilder<Database, "conversation_message" | "conversation_mention">) =>
      eb.and([eb("conversation_id", "=", conversation), eb("seq", ">", seq)]);
    const row = await this.#db.selectNoFrom(({ selectFrom, fn }) => [
      selectFrom("conversation_message").select(fn.countAll<number>().as("n"))
        .where((eb) => after(eb)).where("sender_id", "=", user).as("own"),
      selectFrom("conversation_mention").select(fn.countAll<number>().as("n"))
        .where((eb) => after(eb)).where("user_id", "=", user).as("mentions"),
    ]).executeTakeFirstOrThrow();
    return { own: Number(row.own), mentions: Number(row.mentions) };
  }

  async olderThan(conversation: string, from: number, before: number, limit: number) {
    const rows = await this.#db.selectFrom("conversation_message").select(["seq", "at"])
      .where("conversation_id", "=", conversation).where("seq", ">=", from)
      .orderBy("seq").limit(limit + 1).execute();
    const kept = rows.find(({ at }, n) => at >= before || n === limit);
    return kept === undefined ? { seq: (rows.at(-1)?.seq ?? from - 1) + 1 } : { seq: kept.seq, at: kept.at };
  }

  sweep(conversation: string, { from, to }: SeqRange): Write {
    return toWrite({
      kind: "run",
      tables: ["conversation_message", "conversation_mention"],
      async run(trx) {
        await trx.updateTable("conversation_message").set(NOTHING_LEFT)
          .where("conversation_id", "=", conversation).where("seq", ">=", from).where("seq", "<=", to)
          .execute();
        // All of them: whom a message mentioned stands before it goes, and nothing before it is left.
        await trx.deleteFrom("conversation_mention")
          .where("conversation_id", "=", conversation).where("seq", "<=", to).execute();
      },
    });
  }

  async spoken(
    by: readonly { readonly conversation: string; readonly user: string }[],
  ): Promise<ReadonlySet<string>> {
    const users = new Map(by.map(({ conversation, user }) => [conversation, user]));
    const rows = await this.#db.selectFrom("conversation_member as member").select("conversation_id")
      .where(this.#engine.isOneOf("conversation_id", [...users.keys()]))
      .where(this.#engine.isOneOf("user_id", [...new Set(users.values())]))
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("conversation_message as message").select(sql<number>`1`.as("one"))
            .whereRef("message.conversation_id", "=", "member.conversation_id")
            .whereRef("message.sender_id", "=", "member.user_id"),
        )
      )
      .select("user_id").execute();
    return new Set(
      rows.filter(({ conversation_id: id, user_id }) => users.get(id) === user_id)
        .map(({ conversation_id }) => conversation_id),
    );
  }

  async answered(conversation: string, user: string): Promise<boolean> {
    const row = await this.#db.selectFrom("conversation_message").select(sql<number>`1`.as("one"))
      .where("conversation_id", "=", conversation).where("sender_id", "!=", user)
      .limit(1).executeTakeFirst();
    return row !== undefined;
  }

  reseal(
    after: { readonly conversation: string; readonly seq: number } | undefined,
    limit: number,
  ): ReturnType<MessageStore["reseal"]> {
    return reseal(this.#engine, this.#cipher, after, limit);
  }
}

function mentionRows(message: Message) {
  const { conversation, seq } = message;
  return mentionsIn(message).map((user) => ({ conversation_id: conversation, user_id: user, seq }));
}
