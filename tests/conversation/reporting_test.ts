import { deepEqual, equal, match } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { ConversationStage, direct, member, outcome, person } from "tests/support/conversation_stage.ts";

const D = direct(1, 2);
const DAY = 86_400_000;

Deno.test("[J112] a message is reported as it stands, by each member once", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const sent = await stage.run(process.write(1, 2, "insult", "x", { mentions: [person(2).id] }));
  const reporting = process.at(D, member(2));
  const { id } = await stage.run(reporting.report({ seq: 1, reason: "abuse", note: "look" }));
  deepEqual(await stage.run(reporting.report({ seq: 1, reason: "spam" })), { id });
  deepEqual(await stage.storage.reports.list({ limit: 9 }), [{
    id,
    at: stage.clock.now(),
    reporter: person(2),
    reason: "abuse",
    note: "look",
    state: "open",
    message: {
      kind: "sent",
      ...{ conversation: D, seq: 1, version: 1, id: sent.id, sender: person(1), at: sent.at },
      text: "insult",
      mentions: [person(2).id],
    },
  }]);
  equal((await stage.heard(D)).length, 1, "somebody was told");
  const [line] = await stage.storage.audit.list({ limit: 9 });
  deepEqual([line?.event, line?.subject, line?.actor, line?.detail], [
    "message.reported",
    person(2).id,
    person(2).id,
    { report: id, reason: "abuse" },
  ]);
  deepEqual(await stage.storage.audit.list({ limit: 9, subject: person(1).id }), []);
});

Deno.test("[J112] only what somebody else has sent is reported, by whoever may see it, or could while he was there", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const early = (await stage.run(process.say(id, 2, "early"))).seq;
  await stage.run(process.at(id, member(1)).invite({ users: [person(3).id] }));
  await stage.run(process.at(id, member(3)).join({}));
  const seen = (await stage.run(process.say(id, 2, "seen"))).seq;
  const recalled = (await stage.run(process.say(id, 2, "recalled"))).seq;
  await stage.run(process.at(id, member(2)).recall({ seq: recalled }));
  await stage.run(process.at(id, member(1)).remove({ user: person(3).id }));
  const late = (await stage.run(process.say(id, 2, "late"))).seq;
  const report = (user: number, seq: number) =>
    stage.run(outcome(process.at(id, member(user)).report({ seq, reason: "other" })));
  deepEqual(
    [await report(3, early), await report(3, seen), await report(3, late), await report(3, 1)],
    ["not_found", "ok", "not_found", "not_found"],
  );
  deepEqual(
    [await report(1, early), await report(1, late), await report(1, 99), await report(1, recalled)],
    ["ok", "ok", "not_found", "conflict"],
  );
  deepEqual([await report(2, early), await report(1, 2), await report(4, early)], [
    "conflict",
    "conflict",
    "forbidden",
  ]);
});

Deno.test("[J113] what is edited, recalled or swept later stays in the report", async () => {
  const limits = { retentionMs: DAY };
  const { stage, process } = await ConversationStage.withProcess({ limits });
  await using _ = stage;
  for (const text of ["one", "two", "three"]) await stage.run(process.write(1, 2, text));
  const reporting = process.at(D, member(2));
  for (const seq of [1, 2, 3]) await stage.run(reporting.report({ seq, reason: "illegal" }));
  await stage.run(process.at(D, member(1)).edit({ seq: 1, text: "harmless" }));
  const before = await stage.run(reporting.report({ seq: 1, reason: "abuse" }));
  await stage.run(process.at(D, member(1)).recall({ seq: 2 }));
  await stage.jump(2 * DAY);
  const now = stage.clock.now();
  equal((await stage.run(process.at(D, SYSTEM).sweep({ now, limit: 9 }))).swept, 3);
  const reports = await stage.storage.reports.list({ limit: 9 });
  equal(reports.at(-1)?.id, before.id);
  deepEqual(reports.map(({ message }) => message.kind === "sent" && message.text), ["three", "two", "one"]);
  deepEqual(await stage.stored(D), []);
});

Deno.test("[J114] nobody reports more than so many messages a day, and a report made before takes nothing", async () => {
  const limits = { reportsPerDay: 2, strangerMessages: 99 };
  const { stage, process } = await ConversationStage.withProcess({ limits });
  await using _ = stage;
  for (let n = 0; n < 4; n++) await stage.run(process.write(1, 2, "text"));
  const report = (seq: number) =>
    stage.run(
      process.at(D, member(2)).report({ seq, reason: "spam" }).then(
        ({ id }) => (match(id, /^[0-9A-Z]{26}$/), "ok"),
        ({ reason }) => String(reason),
      ),
    );
  deepEqual([await report(1), await report(2), await report(3), await report(1)], [
    "ok",
    "ok",
    "rate_limited",
    "ok",
  ]);
  await stage.jump(DAY);
  deepEqual([await report(3), await report(4)], ["ok", "ok"]);
});
