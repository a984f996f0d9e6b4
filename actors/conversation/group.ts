import { randomBytes } from "node:crypto";
import {
  type Change as GroupChange,
  type CreateGroup,
  DEFAULT_GROUP_SETTINGS,
  type GroupRole,
  type GroupSettings,
  type Member,
  type MemberPage,
  type UpdateGroup,
} from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { z } from "zod";
import type { MemberRecord, MembershipStore } from "storage/conversation_storage.ts";
import { groupId, groupNumber } from "./conversation_ids.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import { newMember } from "./members.ts";
import type { ConversationRole } from "./permissions.ts";
import { checkQuota } from "./quota.ts";

const NUMBERS_TRIED = 20;
const LINK_BYTES = 16;

export interface GroupPorts {
  readonly memberships: Pick<MembershipStore, "count" | "page">;
  readonly limits: ConversationLimits;
}

/** What a group is, and who has which say in it; every change is a message in its order. */
export class Group {
  readonly #ledger: Ledger;
  readonly #ports: GroupPorts;

  constructor(ledger: Ledger, ports: GroupPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  /** Made again it is the same one, whatever has become of it. */
  async create({ id, ...given }: z.output<typeof CreateGroup>, owner: User): Promise<void> {
    if (groupId(owner.id, id) !== this.#ledger.id) {
      throw new BarrageError("forbidden", "The id of a group follows from who makes it");
    }
    if (this.#ledger.exists) return;
    const { memberships, limits } = this.#ports;
    await checkQuota(memberships, owner.id, limits.perUser);
    const settings = merge({ ...DEFAULT_GROUP_SETTINGS, title: given.title }, given);
    const now = this.#ledger.now;
    const place = this.#ledger.place(1, owner, now);
    const { version } = place;
    const change = {
      version,
      said: [{ message: { kind: "change", ...place, change: { what: "created", title: settings.title } } }],
      members: [{ ...newMember(owner), role: "owner", readSeq: 1, deliveredSeq: 1, version }],
    } as const;
    for (let attempt = 0; attempt < NUMBERS_TRIED; attempt++) {
      const number = groupNumber(this.#ledger.id, attempt);
      const record = { kind: "group", id: this.#ledger.id, createdAt: now, number, settings } as const;
      if (await this.#ledger.create(record, change) !== "number_taken") return;
    }
    throw new BarrageError("unavailable", "No number for the group was free");
  }

  /** @throws {BarrageError} `forbidden`. */
  async update(
    changed: z.output<typeof UpdateGroup>,
    by: User,
    roles: readonly ConversationRole[],
  ): Promise<void> {
    const { settings } = this.#ledger.group;
    if (changed.retentionDays !== undefined && !roles.includes("owner")) {
      throw new BarrageError("forbidden", "Only the owner says how long messages are kept");
    }
    const merged = merge(settings, changed);
    const news = Object.fromEntries(
      Object.entries(merged).filter(([name, value]) => settings[name as keyof GroupSettings] !== value),
    ) as Partial<GroupSettings>;
    if (Object.keys(news).length === 0) return;
    await this.#tell(by, { what: "settings", settings: news }, [], { settings: merged });
  }

  async setRole(user: string, role: Exclude<GroupRole, "owner">, by: User): Promise<void> {
    const row = this.#member(user);
    if (row.role === role) return;
    if (row.role === "owner") throw new BarrageError("conflict", "Make somebody else the owner first");
    const { adminsMax } = this.#ports.limits;
    if (role === "admin" && this.#ledger.present.members.chiefs.size > adminsMax) {
      throw new BarrageError("conflict", `A group has at most ${adminsMax} admins`);
    }
    await this.#tell(by, { what: "role", user: row.user, role }, [{ ...row, role }]);
  }

  async transfer(user: string, owner: User): Promise<void> {
    const row = this.#member(user);
    if (row.role === "owner") return;
    const own = this.#member(owner.id);
    await this.#tell(owner, { what: "role", user: row.user, role: "owner" }, [
      { ...own, role: "admin" },
      { ...row, role: "owner" },
    ]);
  }

  async link(): Promise<string> {
    const { link } = this.#ledger.group;
    if (link !== undefined) return link;
    // Nothing of it is told: whoever has it comes in.
    const made = randomBytes(LINK_BYTES).toString("base64url");
    await this.#ledger.commit({ version: this.#ledger.version, group: { link: made } });
    return made;
  }

  async unlink(): Promise<void> {
    if (this.#ledger.group.link === undefined) return;
    await this.#ledger.commit({ version: this.#ledger.version, group: { link: "" } });
  }

  async members(
    state: "member" | "invited" | "asked",
    page: { after?: string | undefined; limit: number },
    roles: readonly ConversationRole[],
  ): Promise<MemberPage> {
    if (state !== "member" && roles.includes("member")) {
      throw new BarrageError("forbidden", "Only the owner and admins see who is on the way in");
    }
    const { after, limit } = page;
    const found = await this.#ports.memberships.page(this.#ledger.id, state, {
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    });
    const all: Member[] = found.map(({ user, role }) => ({ user, role }));
    const { assistant } = this.#ledger.group;
    if (state === "member" && assistant !== undefined && assistant.id > (after ?? "")) {
      const { id, name } = assistant;
      all.push({ user: { id, name }, role: "member", kind: "assistant" });
      all.sort((a, b) => a.user.id < b.user.id ? -1 : 1);
    }
    const members = all.slice(0, limit);
    const next = all.length > limit ? members.at(-1)?.user.id : undefined;
    return { members, ...(next === undefined ? {} : { next }) };
  }

  #member(user: string): MemberRecord {
    const row = this.#ledger.present.members.get(user);
    if (row?.state === "member") return row;
    throw new BarrageError("not_found", "The user is no member");
  }

  async #tell(
    by: User,
    change: GroupChange,
    rows: readonly MemberRecord[],
    group?: { readonly settings: GroupSettings },
  ): Promise<void> {
    const place = this.#ledger.place(1, by, this.#ledger.now);
    const { version } = place;
    await this.#ledger.commit({
      version,
      said: [{ message: { kind: "change", ...place, change } }],
      members: rows.map((row) => ({ ...row, version })),
      ...(group === undefined ? {} : { group }),
    });
  }
}

function merge(
  settings: GroupSettings,
  { title, announcement, join, mutedAll, historyForNewcomers, retentionDays }: z.output<typeof UpdateGroup>,
): GroupSettings {
  const days = retentionDays ?? settings.retentionDays;
  return {
    title: title ?? settings.title,
    announcement: announcement ?? settings.announcement,
    join: join ?? settings.join,
    mutedAll: mutedAll ?? settings.mutedAll,
    historyForNewcomers: historyForNewcomers ?? settings.historyForNewcomers,
    ...(days === undefined ? {} : { retentionDays: days }),
  };
}
