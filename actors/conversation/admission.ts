import type { Change as GroupChange, Conversation, Joining } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { MemberRecord, MembershipStore } from "storage/conversation_storage.ts";
import { directId } from "./conversation_ids.ts";
import { askedEvent } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import { newMember } from "./members.ts";
import type { People } from "./people.ts";
import type { ConversationRole } from "./permissions.ts";
import { checkQuota } from "./quota.ts";

export interface AdmissionPorts {
  readonly memberships: Pick<MembershipStore, "count" | "blocked" | "read">;
  readonly people: People;
  readonly limits: ConversationLimits;
}

/** How people come into a group and go; whoever comes or goes for good is a message in its order. */
export class Admission {
  readonly #ledger: Ledger;
  readonly #ports: AdmissionPorts;

  constructor(ledger: Ledger, ports: AdmissionPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  async join(
    user: User,
    row: MemberRecord | undefined,
    link: string | undefined,
    view: () => Promise<Conversation>,
  ): Promise<Joining> {
    switch (this.#entry(row, link)) {
      case "inside":
        break;
      case "member":
        await checkQuota(this.#ports.memberships, user.id, this.#ports.limits.perUser + (isIn(row) ? 1 : 0));
        await this.#enter(user, [{ ...(row ?? newMember(user)), user }]);
        break;
      case "asked":
        if (row?.state !== "asked") await this.#ask(user, row);
        return { state: "asked" };
    }
    return { state: "member", conversation: await view() };
  }

  /** @throws {BarrageError} `forbidden`, `gone` when nobody is left. */
  #entry(row: MemberRecord | undefined, link: string | undefined): "inside" | "member" | "asked" {
    const { link: valid, settings } = this.#ledger.group;
    if (row?.state === "member") return "inside";
    if (this.#ledger.present.members.count === 0) {
      throw new BarrageError("gone", "Everybody has left this group");
    }
    if (row?.state === "invited") return "member";
    if (row?.state === "removed") {
      throw new BarrageError("forbidden", "Who was removed comes back by invitation only");
    }
    if (link !== undefined) {
      if (link === valid) return "member";
      throw new BarrageError("forbidden", "The join link is not valid any more");
    }
    switch (settings.join) {
      case "open":
        return "member";
      case "approval":
        return "asked";
      case "invite":
        throw new BarrageError("forbidden", "One joins this group by invitation only");
    }
  }

  async #ask(user: User, row: MemberRecord | undefined): Promise<void> {
    await checkQuota(this.#ports.memberships, user.id, this.#ports.limits.perUser);
    this.#checkCandidates(1);
    const version = this.#ledger.version + 1;
    const asked = { ...(row ?? newMember(user)), user, state: "asked", role: "member", version } as const;
    const told = askedEvent({ conversation: this.#ledger.id, version, user }, [
      ...this.#ledger.present.members.chiefs,
    ]);
    await this.#ledger.commit({ version, members: [asked], events: [told] });
  }

  /** Those whom the inviter may not reach are left out, as if they had not been named. */
  async invite(users: readonly string[], by: User, roles: readonly ConversationRole[]): Promise<string[]> {
    const { settings } = this.#ledger.group;
    const chief = roles.includes("owner") || roles.includes("admin");
    if (!chief && settings.join !== "open") {
      throw new BarrageError("forbidden", "Only the owner and admins invite to this group");
    }
    const named = [...new Set(users)].filter((user) => user !== by.id);
    const blocked = await this.#blockers(by.id, named);
    const reached = named.filter((user) => !blocked.has(user));
    const rows = await Promise.all(reached.map((user) => this.#candidate(user)));
    const asked = rows.filter(({ state }) => state === "asked");
    if (chief && asked.length > 0) await this.#enter(by, asked);
    const fresh = rows.filter(({ state }) => state === "left" || state === "removed");
    this.#checkCandidates(fresh.length);
    if (fresh.length > 0) {
      const version = this.#ledger.version + 1;
      const invited = fresh.map((row) => ({ ...row, state: "invited", role: "member", version }) as const);
      await this.#ledger.commit({ version, members: invited });
    }
    return reached;
  }

  async approve(user: string, by: User): Promise<void> {
    const row = this.#ledger.present.members.get(user);
    if (row?.state === "member") return;
    if (row?.state !== "asked") throw new BarrageError("not_found", "The user has not asked to join");
    await this.#enter(by, [row]);
  }

  async decline(user: string): Promise<void> {
    const row = this.#ledger.present.members.get(user);
    if (row?.state === "asked" || row?.state === "invited") await this.#withdraw(row);
  }

  async leave(row: MemberRecord): Promise<void> {
    switch (row.state) {
      case "left":
      case "removed":
        return;
      case "asked":
      case "invited":
        return await this.#withdraw(row);
      case "member":
        return await this.#goOut(row);
    }
  }

  async remove(user: string, by: User, roles: readonly ConversationRole[]): Promise<void> {
    const row = this.#ledger.present.members.get(user) ??
      await this.#ports.memberships.read(this.#ledger.id, user);
    if (row?.state === "asked" || row?.state === "invited") return await this.#withdraw(row);
    if (row?.state === "removed" || row?.state === "left") return;
    if (row === undefined) throw new BarrageError("not_found", "The user is no member");
    if (
      row.role === "owner" ||
      (row.role === "admin" && !roles.includes("owner") && !roles.includes("operator"))
    ) {
      throw new BarrageError("forbidden", "Only those above a member remove him");
    }
    await this.#exit(row, "removed", by, { what: "removed", users: [row.user] });
  }

  async #goOut(row: MemberRecord): Promise<void> {
    const last = this.#ledger.present.members.count === 1;
    if (row.role === "owner" && !last) {
      throw new BarrageError("conflict", "Make somebody else the owner before you leave");
    }
    await this.#exit(row, "left", row.user, { what: "left" }, last);
  }

  async #exit(
    row: MemberRecord,
    state: "left" | "removed",
    by: User,
    change: GroupChange,
    last = false,
  ): Promise<void> {
    const place = this.#ledger.place(1, by, this.#ledger.now);
    const { seq, version } = place;
    const { settings } = this.#ledger.group;
    await this.#ledger.commit({
      version,
      said: [{ message: { kind: "change", ...place, change } }],
      members: [{ ...row, state, role: "member", leftSeq: seq, version }],
      // Nobody can let anybody in any more, so nobody shall find it.
      ...(last ? { group: { settings: { ...settings, join: "invite" }, link: "" } } : {}),
    });
  }

  async #withdraw(row: MemberRecord): Promise<void> {
    const version = this.#ledger.version + 1;
    // Who was removed once and turns an invitation down has left all the same.
    await this.#ledger.commit({
      version,
      members: [{ ...row, state: "left", leftSeq: row.leftSeq ?? 0, version }],
    });
  }

  async #enter(by: User, rows: readonly MemberRecord[]): Promise<void> {
    const { members } = this.#ledger.present;
    const { membersMax } = this.#ports.limits;
    if (members.count + rows.length > membersMax) {
      throw new BarrageError("conflict", `A group has at most ${membersMax} members`);
    }
    const { historyForNewcomers } = this.#ledger.group.settings;
    const place = this.#ledger.place(1, by, this.#ledger.now);
    const { seq, version } = place;
    const entered = rows.map((row): MemberRecord => {
      const { leftSeq: _leftSeq, ...kept } = row;
      const visibleFrom = historyForNewcomers ? 1 : seq;
      return {
        ...kept,
        state: "member",
        role: "member",
        visibleFrom,
        readSeq: seq,
        deliveredSeq: seq,
        version,
      };
    });
    const change = { what: "joined", users: entered.map(({ user }) => user) } as const;
    await this.#ledger.commit({
      version,
      said: [{ message: { kind: "change", ...place, change } }],
      members: entered,
    });
  }

  /** The row of a user, or one as if he had left. */
  async #candidate(user: string): Promise<MemberRecord> {
    const row = this.#ledger.present.members.get(user) ??
      await this.#ports.memberships.read(this.#ledger.id, user);
    return row ?? { ...newMember(await this.#ports.people.find(user)), state: "left" };
  }

  async #blockers(by: string, users: readonly string[]): Promise<ReadonlySet<string>> {
    const direct = new Map(users.map((user) => [directId(by, user), user]));
    const blocked = await this.#ports.memberships.blocked([...direct.keys()]);
    return new Set(blocked.flatMap((block) => direct.get(block.conversation) === block.by ? [block.by] : []));
  }

  #checkCandidates(more: number): void {
    const { candidatesMax } = this.#ports.limits;
    if (this.#ledger.present.members.candidates + more <= candidatesMax) return;
    throw new BarrageError(
      "conflict",
      `At most ${candidatesMax} may be invited or wait for an answer at a time`,
    );
  }
}

function isIn(row: MemberRecord | undefined): boolean {
  return row?.state === "invited" || row?.state === "asked";
}
