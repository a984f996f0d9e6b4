import { deepEqual, ok } from "node:assert/strict";
import type { Message } from "protocol/chat.ts";
import { checkChat } from "./checker.ts";
import { delta, DIRECT, Doctored, GROUP, SILENCE, synced } from "./doctored.ts";
import type { Act, ChatFault, Deed, Sight } from "./story.ts";

function faultsIn(doctor: (story: Doctored) => void): ChatFault[] {
  const doctored = new Doctored();
  doctor(doctored);
  return [...new Set(checkChat(doctored.story).map(({ fault }) => fault))].sort();
}

function row(story: Doctored, seq: number): Message {
  return story.rows.get(GROUP)!.messages[seq - 1]!.message;
}

Deno.test("[F20] the checker of chats finds nothing in a story without faults", () => {
  deepEqual(checkChat(new Doctored().story), []);
});

Deno.test("[F20] it finds what was acked and lost, and what was acked otherwise than it stands", () => {
  deepEqual(
    faultsIn((story) =>
      story.do("ann", GROUP, { what: "send", clientId: "x", text: "x" }, { seq: 9, id: "x" }, 90)
    ),
    [
      "lost",
    ],
  );
  deepEqual(
    faultsIn((story) =>
      story.do("ann", GROUP, { what: "send", clientId: "client 3", text: "text 3" }, {
        seq: 4,
        id: "group 4",
      }, 30)
    ),
    ["lost"],
  );
  deepEqual(
    faultsIn((story) =>
      story.do("ann", "nowhere", { what: "send", clientId: "x", text: "x" }, { seq: 1, id: "x" })
    ),
    ["lost"],
  );
  deepEqual(
    faultsIn((story) =>
      story.do("ann", GROUP, { what: "send", clientId: "x", text: "x" }, undefined, 0, "timeout")
    ),
    [],
  );
});

Deno.test("[F20] it finds what was stored twice, what nobody sent, and what was refused and stands there", () => {
  deepEqual(
    faultsIn((story) => {
      story.rows.get(GROUP)!.messages.push(story.sent(9, "ben"), {
        ...story.sent(10, "ben"),
        clientId: "client 9",
      });
      story.do(
        "ben",
        GROUP,
        { what: "send", clientId: "client 9", text: "text 9" },
        undefined,
        90,
        SILENCE,
      );
    }).includes("doubled"),
    true,
  );
  const extra = (answer: string) =>
    faultsIn((story) => {
      story.rows.get(GROUP)!.messages.push(story.sent(9, "ben"));
      for (const user of ["ann", "ben"]) story.copy(user, (all) => [...all, row(story, 9)]);
      if (answer === "unsaid") return;
      story.do("ben", GROUP, { what: "send", clientId: "client 9", text: "text 9" }, undefined, 90, answer);
    });
  deepEqual(extra("unsaid"), ["doubled"]);
  deepEqual(extra("forbidden"), ["doubled"]);
  deepEqual(extra("timeout"), []);
  deepEqual(extra(SILENCE), []);
  ok(faultsIn((story) => story.rewrite(4, { id: "group 3" })).includes("doubled"));
  ok(faultsIn((story) => story.rewrite(4, { version: 3 })).includes("doubled"));
});

Deno.test("[F20] it finds a hole in the places", () => {
  ok(faultsIn((story) => story.rows.get(GROUP)!.messages.splice(2, 1)).includes("hole"));
});

Deno.test("[F20] it finds what overtook something that was acked before it was sent, or sent before it on the same socket", () => {
  deepEqual(
    faultsIn((story) => {
      const [third, sixth] = story.deeds.filter(({ user, conversation }) =>
        user === "ann" && conversation === GROUP
      )
        .filter(({ act }) => act.what === "send") as [Deed, Deed];
      story.deeds = story.deeds.filter((deed) => deed !== third);
      const at = sixth.tries[0]!.answeredAt! + 1;
      story.deeds.push({
        ...third,
        tries: [{ ...third.tries[0]!, socket: "other", at, answeredAt: at + 1 }],
      });
    }),
    ["overtaken"],
  );
  deepEqual(
    faultsIn((story) => {
      const sends = story.deeds.filter(({ user, conversation, act }) =>
        user === "ann" && conversation === GROUP && act.what === "send"
      ) as [Deed, Deed];
      story.deeds = story.deeds.filter((deed) => !sends.includes(deed));
      const tried = (deed: Deed, at: number) => ({
        ...deed,
        tries: [{ ...deed.tries[0]!, at, answeredAt: 99 }],
      });
      story.deeds.push(tried(sends[0], 31), tried(sends[1], 30));
    }),
    ["overtaken"],
  );
});

Deno.test("[F20] it finds who wrote though he had gone, was never there, or was blocked", () => {
  ok(faultsIn((story) => story.rewrite(8, { sender: { id: "cat", name: "cat" } })).includes("intruded"));
  ok(faultsIn((story) => story.rewrite(3, { sender: { id: "dan", name: "dan" } })).includes("intruded"));
  const block = (lifted: boolean) =>
    faultsIn((story) => {
      story.do("ann", DIRECT, { what: "block", blocked: true }, {}, 12);
      if (lifted) story.do("ann", DIRECT, { what: "block", blocked: false }, {}, 15);
    });
  deepEqual(block(false), ["intruded"]);
  deepEqual(block(true), []);
});

Deno.test("[F20] it finds members by the rows who are none by the order, and those who see from elsewhere", () => {
  deepEqual(faultsIn((story) => story.members.get(GROUP)![2]!.state = "member"), ["differs"]);
  deepEqual(faultsIn((story) => story.members.get(GROUP)![1]!.state = "left"), ["differs"]);
  deepEqual(faultsIn((story) => story.members.get(GROUP)![1]!.visibleFrom = 1), ["differs"]);
});

Deno.test("[F20] it finds a recall or an edit that was acked and is lost, and words that nobody wrote", () => {
  const recall = { what: "recall", seq: 3 } as const;
  deepEqual(faultsIn((story) => story.do("ann", GROUP, recall, { version: 9 }, 90)), ["lost"]);
  const edit = { what: "edit", seq: 3, text: "other" } as const;
  deepEqual(
    faultsIn((story) => story.do("ann", GROUP, edit, { kind: "sent", version: 9, text: "other" }, 90)),
    ["lost"],
  );
  ok(faultsIn((story) => story.rewrite(3, { text: "other" })).includes("differs"));
});

Deno.test("[F20] it finds what was shown to somebody before he came, after he had gone, or as it became then", () => {
  const told = (user: string, seq: number, version = seq) =>
    faultsIn((story) => {
      const message = version === seq ? row(story, seq) : story.rewrite(seq, { version });
      story.copyAll();
      story.see(user, { kind: "history", at: 99, askedAt: 0, conversation: GROUP, messages: [message] });
    });
  deepEqual(told("ben", 3), []);
  deepEqual(told("ben", 1), ["leaked"]);
  deepEqual(told("cat", 3), ["leaked"]);
  deepEqual(told("cat", 8), ["leaked"]);
  ok(told("cat", 6, 20).includes("leaked"));
});

Deno.test("[F20] it finds what is shown otherwise to one than to another", () => {
  const changed = { text: "other" } as const;
  const see = (message: (story: Doctored) => Message) =>
    faultsIn((story) =>
      story.see("ann", {
        kind: "history",
        at: 99,
        askedAt: 0,
        conversation: GROUP,
        messages: [message(story)],
      })
    );
  deepEqual(see((story) => ({ ...row(story, 3), ...changed }) as Message), ["differs"]);
  deepEqual(see((story) => ({ ...row(story, 3), version: 30 }) as Message), ["differs"]);
  deepEqual(see((story) => ({ ...row(story, 3), seq: 30 }) as Message), ["differs"]);
});

Deno.test("[F20] it finds a recalled text in an answer that was asked for after the recall was acked", () => {
  const shown = (askedAt: number) =>
    faultsIn((story) => {
      const before = row(story, 3);
      const { conversation, seq, id, sender, at } = before;
      const recalled = { conversation, seq, id, sender, at, version: 20, recalledAt: 90, by: sender };
      story.rows.get(GROUP)!.messages[2]!.message satisfies Message;
      story.rows.get(GROUP)!.messages[2] = {
        clientId: "client 3",
        message: { kind: "recalled", ...recalled },
      };
      story.copyAll();
      story.do("ann", GROUP, { what: "recall", seq: 3 }, { version: 20 }, 90);
      story.see("ben", synced(askedAt, {}, [delta([before])]));
    });
  deepEqual(shown(89), []);
  deepEqual(shown(92), ["recalled_seen"]);
});

Deno.test("[F20] it finds an answer that does not know of what was acked before it was asked for", () => {
  const head = (head: number) =>
    faultsIn((story) => story.see("ben", synced(200, {}, [delta([], { head, readSeq: head })])));
  deepEqual(head(8), []);
  deepEqual(head(7), ["outdated"]);
});

Deno.test("[F20] it finds what is told before a sync, twice, or to a socket that was told to sync", () => {
  const again = (...sights: ((story: Doctored) => Sight)[]) =>
    faultsIn((story) => {
      for (const sight of sights) story.see("ben", sight(story));
    });
  const last = (story: Doctored): Sight => ({ kind: "told", at: 99, message: row(story, 8) });
  const stale = (conversation: string | undefined) => (): Sight => ({ kind: "stale", at: 98, conversation });
  deepEqual(again(last), ["untimely"]);
  deepEqual(again(() => ({ kind: "opened", at: 98 }), last), ["untimely"]);
  deepEqual(again(stale(GROUP), last), ["untimely"]);
  deepEqual(again(stale(undefined), last), ["untimely"]);
  deepEqual(again(stale(GROUP), () => synced(0, { [GROUP]: 7 }, []), last), []);
  deepEqual(again(stale(GROUP), () => synced(0, { [GROUP]: 7 }, [delta([])]), last), ["untimely"]);
});

Deno.test("[F20] it finds read cursors of those who block, of others in a group, and that nobody ever set", () => {
  const told = (conversation: string, readAt: number, act: Act = { what: "read", seq: 2 }) =>
    faultsIn((story) => {
      story.deeds = story.deeds.filter(({ conversation }) => conversation !== DIRECT || act.what === "read");
      story.do("ann", conversation, act, {}, readAt);
      story.do("ann", DIRECT, { what: "block", blocked: true }, {}, 40);
      const cursor = { conversation, version: 3, user: "ann", readSeq: 2 };
      story.see("ben", { kind: "read", at: 99, cursor });
    });
  deepEqual(told(DIRECT, 30), []);
  deepEqual(told(DIRECT, 60), ["leaked"]);
  deepEqual(told(DIRECT, 30, { what: "read", seq: 1 }), ["leaked"]);
  deepEqual(told(GROUP, 30), ["leaked"]);
});

Deno.test("[F20] it finds unread counts that are not what the order says", () => {
  const counted = (unread: number, readSeq: number) =>
    faultsIn((story) => story.see("ann", synced(0, {}, [delta([], { unread, readSeq })])));
  deepEqual(counted(0, 8), []);
  deepEqual(counted(4, 0), []);
  deepEqual(counted(3, 0), ["miscounted"]);
  deepEqual(counted(1, 8), ["miscounted"]);
});

Deno.test("[F20] it finds copies that lack something, have something twice or otherwise, or end before somebody went", () => {
  const copy = (user: string, change: (messages: Message[]) => Message[]) =>
    faultsIn((story) => story.copy(user, change));
  deepEqual(copy("ben", (all) => all.slice(1)), ["missing"]);
  deepEqual(copy("ben", (all) => all.toSpliced(2, 1)), ["missing"]);
  deepEqual(copy("ben", (all) => all.slice(0, -1)), ["missing"]);
  deepEqual(copy("ben", (all) => [...all, all.at(-1)!]), ["missing"]);
  deepEqual(copy("ben", (all) => all.map((message) => ({ ...message, version: 0 }))), ["missing"]);
  deepEqual(copy("cat", (all) => all.slice(0, -1)), ["missing"]);
  deepEqual(copy("cat", () => []), []);
  deepEqual(faultsIn((story) => story.copies.get("ben")!.delete(DIRECT)), ["missing"]);
  deepEqual(faultsIn((story) => story.copies.get("cat")!.set(GROUP, { state: "member", messages: [] })), [
    "missing",
  ]);
  deepEqual(faultsIn((story) => story.copies.get("cat")!.set("nowhere", { state: "gone", messages: [] })), [
    "differs",
  ]);
});

Deno.test("[F20] it finds a device that did not hear of the last without asking", () => {
  deepEqual(faultsIn((story) => story.behind = [GROUP]), ["behind"]);
});

Deno.test("[F20] it finds answers that nobody should ever get", () => {
  for (const answer of ["internal", "moved"]) {
    deepEqual(faultsIn((story) => story.do("ann", GROUP, { what: "join" }, undefined, 0, answer)), [
      "failed",
    ]);
  }
});
