import type { Kysely } from "kysely";
import type { MemberRecord, Membership, MembershipStore } from "./conversation_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { Database, MemberRow } from "./schema.ts";
import { toWrite } from "./writes.ts";

const COLUMNS = 14;

/** Who is, was or would be in which conversation. */
export class Memberships implements MembershipStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
  }

  put(conversation: string, members: readonly MemberRecord[]): Write {
    return toWrite({
      kind: "run",
      tables: ["conversation_member"],
      run: async (trx) => {
        const rows = members.map((member) => toRow(conversation, member));
        for (let start = 0; start < rows.length;) {
          const end = start + this.#engine.rowsPerInsert(rows.length - start, COLUMNS);
          await putRows(trx, rows.slice(start, end));
          start = end;
        }
      },
    });
  }

  async read(conversation: string, user: string): Promise<MemberRecord | undefined> {
    const row = await this.#db.selectFrom("conversation_member").selectAll()
      .where("conversation_id", "=", conversation).where("user_id", "=", user).executeTakeFirst();
    return row && toRecord(row);
  }

  async page(
    conversation: string,
    state: MemberRecord["state"],
    { after = "", limit }: { after?: string; limit: number },
  ): Promise<MemberRecord[]> {
    const rows = await this.#db.selectFrom("conversation_member").selectAll()
      .where("conversation_id", "=", conversation).where("user_id", ">", after).where("state", "=", state)
      .orderBy("user_id").limit(limit).execute();
    return rows.map(toRecord);
  }

  async ofUser(
    user: string,
    { after = "", until, limit }: { after?: string; until?: string; limit: number },
  ): Promise<Membership[]> {
    const rows = await this.#db.selectFrom("conversation_member as own")
      .innerJoin("conversation", "conversation.id", "own.conversation_id")
      .select(["own.conversation_id", "own.state", "own.version", "conversation.kind"])
      .select("conversation.swept_version as swept")
      .select(({ selectFrom }) => [
        selectFrom("conversation_message as message").select("message.version")
          .whereRef("message.conversation_id", "=", "own.conversation_id")
          .orderBy("message.seq", "desc").limit(1).as("sent"),
        selectFrom("conversation_message as message").select(({ fn }) => fn.max("message.changed").as("n"))
          .whereRef("message.conversation_id", "=", "own.conversation_id")
          .where("message.changed", "is not", null).as("changed"),
      ])
      // The other one's cursor; in groups it is nobody's business, and there may be thousands.
      .select(({ case: cases, selectFrom }) =>
        cases().when("conversation.kind", "=", "direct").then(
          selectFrom("conversation_member as member").select(({ fn }) => fn.max("member.version").as("n"))
            .whereRef("member.conversation_id", "=", "own.conversation_id"),
        ).end().as("both")
      )
      .where("own.user_id", "=", user).where("own.conversation_id", ">", after)
      .$if(until !== undefined, (query) => query.where("own.conversation_id", "<=", until ?? ""))
      .orderBy("own.conversation_id").limit(limit).execute();
    return rows.map(({ conversation_id: conversation, state, version, swept, sent, changed, both }) => ({
      conversation,
      state,
      version: state === "member"
        ? Math.max(version, swept, sent ?? 0, Number(changed ?? 0), Number(both ?? 0))
        : version,
    }));
  }

  async count(user: string): Promise<number> {
    const row = await this.#db.selectFrom("conversation_member").select(({ fn }) => fn.countAll().as("n"))
      .where("user_id", "=", user).where("state", "in", ["member", "asked"])
      .executeTakeFirstOrThrow();
    return Number(row.n);
  }

  async blocked(conversations: readonly string[]): Promise<{ conversation: string; by: string }[]> {
    const rows = await this.#db.selectFrom("conversation_member").select(["conversation_id", "user_id"])
      .where(this.#engine.isOneOf("conversation_id", conversations)).where("blocked", "=", 1).execute();
    return rows.map(({ conversation_id: conversation, user_id: by }) => ({ conversation, by }));
  }
}

async function putRows(trx: Trx, rows: readonly MemberRow[]): Promise<void> {
  await trx.insertInto("conversation_member").values(rows)
    .onConflict((conflict) =>
      conflict.columns(["conversation_id", "user_id"]).doUpdateSet(({ ref }) => ({
        name: ref("excluded.name"),
        state: ref("excluded.state"),
        role: ref("excluded.role"),
        visible_from: ref("excluded.visible_from"),
        left_seq: ref("excluded.left_seq"),
        read_seq: ref("excluded.read_seq"),
        delivered_seq: ref("excluded.delivered_seq"),
        version: ref("excluded.version"),
        muted: ref("excluded.muted"),
        pinned: ref("excluded.pinned"),
        archived: ref("excluded.archived"),
        blocked: ref("excluded.blocked"),
      }))
    ).execute();
}

function toRow(conversation: string, member: MemberRecord): MemberRow {
  const { user, state, role, version } = member;
  return {
    conversation_id: conversation,
    user_id: user.id,
    name: user.name,
    ...{ state, role, version },
    visible_from: member.visibleFrom,
    left_seq: member.leftSeq ?? null,
    read_seq: member.readSeq,
    delivered_seq: member.deliveredSeq,
    muted: Number(member.muted),
    pinned: Number(member.pinned),
    archived: Number(member.archived),
    blocked: Number(member.blocked),
  };
}

export function toRecord(row: MemberRow): MemberRecord {
  const { state, role, version } = row;
  return {
    user: { id: row.user_id, name: row.name },
    ...{ state, role, version },
    visibleFrom: row.visible_from,
    ...(row.left_seq !== null && { leftSeq: row.left_seq }),
    readSeq: row.read_seq,
    deliveredSeq: row.delivered_seq,
    muted: row.muted === 1,
    pinned: row.pinned === 1,
    archived: row.archived === 1,
    blocked: row.blocked === 1,
  };
}
