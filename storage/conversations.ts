import { type Kysely, sql } from "kysely";
import type { GroupSettings } from "protocol/chat.ts";
import { mergeKey } from "protocol/text.ts";
import { carryOut } from "./carry_out.ts";
import type {
  ConversationPatch,
  ConversationRecord,
  ConversationStore,
  FoundGroup,
  GroupRecord,
  StoredConversation,
} from "./conversation_storage.ts";
import type { Engine } from "./engine.ts";
import { FencedError, type Write } from "./lane.ts";
import { toRecord as toMember } from "./memberships.ts";
import { RaisedFences } from "./raised_fences.ts";
import type { ConversationRow, Database } from "./schema.ts";
import { toChange, toWrite } from "./writes.ts";

const DAY_MS = 86_400_000;

export class Conversations implements ConversationStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #fences: RaisedFences;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#fences = new RaisedFences(engine);
  }

  async create(
    conversation: ConversationRecord,
    epoch: number,
    beside: readonly Write[],
  ): Promise<"created" | "exists" | "number_taken"> {
    const { id } = conversation;
    return await this.#db.transaction().execute(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx.insertInto("conversation")
        .values({ ...toRow(conversation), owner_epoch: epoch })
        .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) {
        const same = await trx.selectFrom("conversation").select("id").where("id", "=", id)
          .executeTakeFirst();
        return same === undefined ? "number_taken" : "exists";
      }
      const fence = { noun: "conversation", id, epoch } as const;
      await carryOut(this.#engine, trx, [{ fence, changes: beside.map(toChange) }]);
      return "created";
    });
  }

  async acquire(id: string, epoch: number): Promise<StoredConversation | undefined> {
    const found = await this.#db.selectFrom("conversation").selectAll().where("id", "=", id)
      .executeTakeFirst();
    if (found === undefined) return undefined;
    // A conversation that has left memory and comes back costs no write.
    if (found.owner_epoch === epoch) return await this.#complete(found);
    const row = await this.#fences.raise(id, epoch);
    if (row === undefined) throw new FencedError({ noun: "conversation", id, epoch });
    return await this.#complete(row);
  }

  update(id: string, patch: ConversationPatch): Write {
    return toWrite({
      kind: "run",
      tables: ["conversation"],
      async run(trx) {
        const columns = toColumns(patch);
        if (Object.keys(columns).length === 0) return;
        const expiry = patch.swept === undefined && patch.settings === undefined
          ? {}
          : { expires_at: expiryOf(columns) };
        await trx.updateTable("conversation").set({ ...columns, ...expiry }).where("id", "=", id).execute();
      },
    });
  }

  async overdue(by: { readonly before?: number; readonly now: number }, limit: number): Promise<string[]> {
    const ids = this.#db.selectFrom("conversation").select("id").limit(limit);
    const [expired, old] = await Promise.all([
      ids.where("expires_at", "<", by.now).orderBy("expires_at").execute(),
      by.before === undefined ? [] : ids.where("oldest_at", "<", by.before).orderBy("oldest_at").execute(),
    ]);
    return [...new Set([...expired, ...old].map(({ id }) => id))].slice(0, limit);
  }

  async find(by: { number: string } | { title: string }, limit: number): Promise<FoundGroup[]> {
    const groups = this.#db.selectFrom("conversation").selectAll()
      .select(({ selectFrom, fn }) =>
        selectFrom("conversation_member").select(fn.countAll().as("n"))
          .whereRef("conversation_member.conversation_id", "=", "conversation.id")
          .where("conversation_member.state", "=", "member").as("members")
      )
      .where("title_key", "is not", null).limit(limit);
    const rows = "number" in by
      ? await groups.where("number", "=", by.number).execute()
      : await groups.where("title_key", ">=", toKey(by.title)).where(
        "title_key",
        "<",
        afterAll(toKey(by.title)),
      )
        .orderBy("title_key").orderBy("id").execute();
    return rows.map(({ members, ...row }) => ({
      group: toRecord(row) as GroupRecord,
      members: Number(members),
    }));
  }

  async #complete(row: ConversationRow): Promise<StoredConversation> {
    const { id } = row;
    const [members, last, max] = await Promise.all([
      this.#db.selectFrom("conversation_member").selectAll()
        .where("conversation_id", "=", id).where("state", "in", ["member", "invited", "asked"])
        .orderBy("user_id").execute(),
      this.#db.selectFrom("conversation_message").select(["seq", "version"])
        .where("conversation_id", "=", id).orderBy("seq", "desc").limit(1).executeTakeFirst(),
      this.#db.selectNoFrom(({ selectFrom }) => [
        selectFrom("conversation_message").select(({ fn }) => fn.max("changed").as("n"))
          .where("conversation_id", "=", id).where("changed", "is not", null).as("changed"),
        selectFrom("conversation_member").select(({ fn }) => fn.max("version").as("n"))
          .where("conversation_id", "=", id).as("member"),
      ]).executeTakeFirstOrThrow(),
    ]);
    const messageVersion = Math.max(last?.version ?? 0, Number(max.changed ?? 0), row.swept_version);
    return {
      record: toRecord(row),
      members: members.map(toMember),
      version: Math.max(messageVersion, Number(max.member ?? 0)),
      messageVersion,
      head: last?.seq ?? 0,
      firstSeq: row.first_seq,
    };
  }
}

/** As people type it: case, width and spacing do not count. */
function toKey(title: string): Uint8Array {
  return new TextEncoder().encode(mergeKey(title));
}

/** Greater than everything that begins with `key`: UTF-8 has no such byte. */
function afterAll(key: Uint8Array): Uint8Array {
  return Uint8Array.of(...key, 0xff);
}

function toColumns({ settings, link, swept }: ConversationPatch): Partial<ConversationRow> {
  return {
    ...(swept !== undefined && { first_seq: swept.firstSeq, oldest_at: swept.oldestAt }),
    ...(swept?.version !== undefined && { swept_version: swept.version }),
    ...(settings !== undefined && settingsColumns(settings)),
    ...(link !== undefined && { link: link === "" ? null : link }),
  };
}

/** A group that only the invited may join is not for others to find. */
function settingsColumns(
  settings: GroupSettings,
): Pick<ConversationRow, "settings" | "title_key" | "retention_days"> {
  return {
    settings: JSON.stringify(settings),
    retention_days: settings.retentionDays || null,
    title_key: settings.join === "invite" ? null : toKey(settings.title),
  };
}

/** Nothing, where the group keeps its messages as long as the server does. */
function expiryOf({ oldest_at, retention_days }: Partial<ConversationRow>) {
  const oldest = oldest_at === undefined ? sql.ref<number>("oldest_at") : sql.val(oldest_at);
  const days = retention_days === undefined ? sql.ref<number>("retention_days") : sql.val(retention_days);
  return sql<number | null>`cast(${oldest} as bigint) + cast(${days} as bigint) * ${sql.lit(DAY_MS)}`;
}

function toRow(conversation: ConversationRecord): Omit<ConversationRow, "owner_epoch"> {
  const { id, kind, createdAt } = conversation;
  const base = { id, kind, created_at: createdAt, first_seq: 1, swept_version: 0, oldest_at: createdAt };
  if (conversation.kind === "direct") {
    const none = { retention_days: null, expires_at: null };
    return { ...base, ...none, number: null, title_key: null, settings: null, link: null };
  }
  const { number, settings, link } = conversation;
  const days = settings.retentionDays || null;
  const expiry = { expires_at: days === null ? null : createdAt + days * DAY_MS };
  return { ...base, ...expiry, number, ...settingsColumns(settings), link: link ?? null };
}

function toRecord(
  { id, kind, created_at: createdAt, number, settings, link }: ConversationRow,
): ConversationRecord {
  if (kind === "direct") return { kind, id, createdAt };
  return {
    kind,
    id,
    createdAt,
    number: number ?? "",
    settings: JSON.parse(settings ?? "{}") as GroupSettings,
    ...(link !== null && { link }),
  };
}
