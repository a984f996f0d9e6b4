import type { User } from "protocol/users.ts";
import type { MemberRecord } from "storage/conversation_storage.ts";

/** Who is in a conversation or on the way in. Those who have gone stay until it leaves memory. */
export class Members {
  readonly #byUser = new Map<string, MemberRecord>();
  #count = 0;
  #candidates = 0;
  #chiefs = new Set<string>();

  constructor(members: readonly MemberRecord[]) {
    this.keep(members);
  }

  /** Members alone. */
  get count(): number {
    return this.#count;
  }

  /** Invited, or waiting for an admin. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Ids of the owner and the admins. */
  get chiefs(): ReadonlySet<string> {
    return this.#chiefs;
  }

  all(): Iterable<MemberRecord> {
    return this.#byUser.values();
  }

  get(user: string): MemberRecord | undefined {
    return this.#byUser.get(user);
  }

  has(user: string): boolean {
    return this.#byUser.get(user)?.state === "member";
  }

  /** Members who are shown nothing of a message, as they came after it. */
  newcomersTo(seq: number): string[] {
    const newcomers: string[] = [];
    for (const { user, state, visibleFrom } of this.#byUser.values()) {
      if (state === "member" && visibleFrom > seq) newcomers.push(user.id);
    }
    return newcomers;
  }

  /** The other one of two. */
  other(user: string): MemberRecord | undefined {
    for (const member of this.#byUser.values()) if (member.user.id !== user) return member;
    return undefined;
  }

  keep(members: readonly MemberRecord[]): void {
    for (const member of members) {
      this.#add(this.#byUser.get(member.user.id), -1);
      this.#byUser.set(member.user.id, member);
      this.#add(member, 1);
    }
  }

  #add(member: MemberRecord | undefined, n: 1 | -1): void {
    if (member === undefined) return;
    const { user, state, role } = member;
    if (state === "member") this.#count += n;
    if (state === "invited" || state === "asked") this.#candidates += n;
    const chief = n === 1 && state === "member" && role !== "member";
    if (chief) this.#chiefs.add(user.id);
    else this.#chiefs.delete(user.id);
  }
}

/** A row that says nothing yet but who it is about. */
export function newMember(user: User): MemberRecord {
  return {
    user,
    state: "member",
    role: "member",
    visibleFrom: 1,
    readSeq: 0,
    deliveredSeq: 0,
    version: 0,
    muted: false,
    pinned: false,
    archived: false,
    blocked: false,
  };
}
