import type { Conversation, ConversationDelta, Message } from "protocol/chat.ts";
import type { Act, Copy, Deed, DeviceStory, Sight, Stored, Story, Try } from "./story.ts";

export const GROUP = "group";
export const DIRECT = "direct";
export const SILENCE = "silence";

/** Ann has made a group, Ben has joined it, both have talked; Cat came later and was removed; Dan is still to come. */
export class Doctored {
  deeds: Deed[] = [];
  readonly rows = new Map<string, { kind: Stored["kind"]; messages: Stored["messages"][number][] }>();
  readonly sights = new Map<string, Sight[]>();
  readonly copies = new Map<string, Map<string, Copy>>();
  readonly members = new Map<
    string,
    { user: string; state: string; visibleFrom: number; readSeq: number }[]
  >();
  behind: string[] = [];

  constructor() {
    const { change, sent } = this;
    this.rows.set(GROUP, {
      kind: "group",
      messages: [
        change(1, "ann", { what: "created", title: "Group" }),
        change(2, "ben", { what: "joined", users: [{ id: "ben", name: "ben" }] }),
        sent(3, "ann"),
        sent(4, "ben"),
        change(5, "cat", { what: "joined", users: [{ id: "cat", name: "cat" }] }),
        sent(6, "ann"),
        change(7, "ann", { what: "removed", users: [{ id: "cat", name: "cat" }] }),
        sent(8, "ben"),
      ].map((stored) => stored),
    });
    this.rows.set(DIRECT, {
      kind: "direct",
      messages: [sent(1, "ann", DIRECT), sent(2, "ben", DIRECT)],
    });
    this.members.set(GROUP, [
      member("ann", "member", 1),
      member("ben", "member", 2),
      member("cat", "removed", 5),
    ]);
    this.members.set(DIRECT, [member("ann", "member", 1), member("ben", "member", 1)]);
    this.do("ann", GROUP, { what: "create", historyForNewcomers: false }, {});
    for (const [conversation, { messages }] of this.rows) {
      for (const { message, clientId } of messages) {
        if (message.kind !== "sent") continue;
        const { seq, id, sender } = message;
        this.do(sender.id, conversation, { what: "send", clientId: clientId!, text: message.text! }, {
          seq,
          id,
        }, seq * 10);
      }
    }
    for (const [user, from, to] of [["ann", 1, 8], ["ben", 2, 8], ["cat", 5, 7]] as const) {
      this.sights.set(user, [{ kind: "opened", at: 0 }, synced(0, { [GROUP]: 0, [DIRECT]: 0 }, [])]);
      const copy: Message[] = [];
      for (const { message } of this.rows.get(GROUP)!.messages) {
        if (message.seq < from || message.seq > to) continue;
        this.sights.get(user)!.push({ kind: "told", at: message.seq * 10 + 5, message });
        copy.push(message);
      }
      this.copies.set(
        user,
        new Map([[GROUP, { state: user === "cat" ? "gone" : "member", messages: copy }]]),
      );
      if (user === "cat") continue;
      const direct = this.rows.get(DIRECT)!.messages.map(({ message }) => message);
      this.copies.get(user)!.set(DIRECT, { state: "member", messages: direct });
    }
  }

  do(
    user: string,
    conversation: string,
    act: Act,
    result: unknown,
    at = 0,
    answer: string = "ok",
  ) {
    const tried: Try = {
      socket: user,
      at,
      answer: answer === SILENCE ? undefined : answer,
      answeredAt: answer === SILENCE ? undefined : at + 1,
      result,
    };
    this.deeds.push({ user, conversation, act, tries: [tried] });
  }

  /** What stands at a place is something else. */
  rewrite(seq: number, changed: Partial<Message>): Message {
    const { messages } = this.rows.get(GROUP)!;
    const message = { ...messages[seq - 1]!.message, ...changed } as Message;
    messages[seq - 1] = { ...messages[seq - 1]!, message };
    return message;
  }

  /** All who have it have it as it stands. */
  copyAll(): void {
    for (const copies of this.copies.values()) {
      for (const [id, { state, messages }] of copies) {
        const rows = this.rows.get(id)!.messages;
        copies.set(id, { state, messages: messages.map(({ seq }) => rows[seq - 1]!.message) });
      }
    }
  }

  copy(user: string, change: (messages: Message[]) => Message[], id = GROUP): void {
    const { state, messages } = this.copies.get(user)!.get(id)!;
    this.copies.get(user)!.set(id, { state, messages: change([...messages]) });
  }

  see(user: string, sight: Sight): void {
    this.sights.get(user)!.push(sight);
  }

  get story(): Story {
    const devices = [...this.sights].map(([user, sights]): DeviceStory => ({
      ...{ device: user, user, fresh: false, sights },
      ...{ copies: this.copies.get(user)!, behind: user === "ben" ? this.behind : [] },
    }));
    const conversations = new Map([...this.rows].map(([id, { kind, messages }]) => [
      id,
      { kind, messages, members: this.members.get(id)! },
    ]));
    return { deeds: this.deeds, devices, conversations };
  }

  readonly change = (
    seq: number,
    by: string,
    change: Extract<Message, { kind: "change" }>["change"],
  ): Stored["messages"][number] => ({ message: { kind: "change", ...place(GROUP, seq, by), change } });

  readonly sent = (seq: number, by: string, conversation = GROUP): Stored["messages"][number] => ({
    message: { kind: "sent", ...place(conversation, seq, by), text: `text ${seq}` },
    clientId: `client ${seq}`,
  });
}

function place(conversation: string, seq: number, by: string) {
  return {
    conversation,
    seq,
    version: seq,
    id: `${conversation} ${seq}`,
    sender: { id: by, name: by },
    at: seq,
  };
}

function member(user: string, state: string, visibleFrom: number) {
  return { user, state, visibleFrom, readSeq: 0 };
}

export function synced(
  askedAt: number,
  since: Record<string, number>,
  deltas: readonly ConversationDelta[],
): Sight {
  return { kind: "synced", at: askedAt + 1, askedAt, since, deltas };
}

function view(changed: Partial<Conversation>): Conversation {
  return {
    ...{ id: GROUP, kind: "group", version: 8, head: 8, unread: 0, mentions: 0, oldestSeq: 1, readSeq: 8 },
    ...{ muted: false, pinned: false, archived: false, blocked: false },
    ...changed,
  };
}

export function delta(messages: Message[], changed: Partial<Conversation> = {}): ConversationDelta {
  return { state: "member", conversation: view(changed), version: 8, messages, skipped: false };
}
