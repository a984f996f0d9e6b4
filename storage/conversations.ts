import { type Kysely, sql } from "kysely";
import type { GroupSettings } from "protocol/chat.ts";
import { mergeKey } from "protocol/text.ts";
import { carryOut } from "./carry_out.ts";
import { ConversationLoads } from "./conversation_loads.ts";
import type {
  AssistantRecord,
  ConversationPatch,
  ConversationRecord,
  ConversationStore,
  FoundGroup,
  GroupRecord,
  QuestionRecord,
  StoredConversation,
} from "./conversation_storage.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import { toRecord as toMember } from "./memberships.ts";
import type { ConversationRow, Database } from "./schema.ts";
import { toChange, toWrite } from "./writes.ts";

const DAY_MS = 86_400_000;

export class Conversations implements ConversationStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #loads: ConversationLoads;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#loads = new ConversationLoads(engine);
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
    const loaded = await this.#loads.load(id, epoch);
    if (loaded === undefined) return undefined;
    const { row, members, newest } = loaded;
    const messageVersion = Math.max(newest.version ?? 0, newest.changed ?? 0, row.swept_version);
    return {
      record: toRecord(row),
      members: members.map(toMember),
      version: Math.max(messageVersion, newest.member ?? 0),
      messageVersion,
      head: newest.seq ?? 0,
      firstSeq: row.first_seq,
    };
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
}

/** As people type it: case, width and spacing do not count. */
function toKey(title: string): Uint8Array {
  return new TextEncoder().encode(mergeKey(title));
}

/** Greater than everything that begins with `key`: UTF-8 has no such byte. */
function afterAll(key: Uint8Array): Uint8Array {
  return Uint8Array.of(...key, 0xff);
}

function toColumns(
  { settings, link, swept, assistant, questions }: ConversationPatch,
): Partial<ConversationRow> {
  return {
    ...(swept !== undefined && { first_seq: swept.firstSeq, oldest_at: swept.oldestAt }),
    ...(swept?.version !== undefined && { swept_version: swept.version }),
    ...(settings !== undefined && settingsColumns(settings)),
    ...(link !== undefined && { link: link === "" ? null : link }),
    ...(assistant !== undefined && { assistant: assistant === null ? null : JSON.stringify(assistant) }),
    ...(questions !== undefined && { questions: questionsColumn(questions) }),
  };
}

function questionsColumn(questions: readonly QuestionRecord[] | undefined): string | null {
  return questions === undefined || questions.length === 0 ? null : JSON.stringify(questions);
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
    const none = { retention_days: null, expires_at: null, assistant: null, questions: null };
    return { ...base, ...none, number: null, title_key: null, settings: null, link: null };
  }
  const { number, settings, link, assistant, questions } = conversation;
  const days = settings.retentionDays || null;
  const expiry = { expires_at: days === null ? null : createdAt + days * DAY_MS };
  return {
    ...{ ...base, ...expiry, number, ...settingsColumns(settings), link: link ?? null },
    assistant: assistant === undefined ? null : JSON.stringify(assistant),
    questions: questionsColumn(questions),
  };
}

function toRecord(
  { id, kind, created_at: createdAt, number, settings, link, assistant, questions }: ConversationRow,
): ConversationRecord {
  if (kind === "direct") return { kind, id, createdAt };
  return {
    kind,
    id,
    createdAt,
    number: number ?? "",
    settings: JSON.parse(settings ?? "{}") as GroupSettings,
    ...(link !== null && { link }),
    ...(assistant !== null && { assistant: JSON.parse(assistant) as AssistantRecord }),
    ...(questions !== null && { questions: JSON.parse(questions) as QuestionRecord[] }),
  };
}
