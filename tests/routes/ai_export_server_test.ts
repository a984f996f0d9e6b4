import { deepEqual, equal, match, ok } from "node:assert/strict";
import { aiSweeps } from "actors/ai/sweeps.ts";
import type { AiThread, AskedAi } from "protocol/ai_methods.ts";
import type { AnswerView } from "protocol/ai.ts";
import { openSqlite } from "storage/sqlite.ts";
import { AiServer, MODEL, PAINTER } from "tests/support/ai_server.ts";
import { Person } from "tests/support/chatter.ts";
import { ulid } from "tests/support/room_stage.ts";

interface Turn {
  readonly seq: number;
  readonly question: string;
  readonly replacedBy?: number;
  readonly answer: AnswerView;
}

interface Exported {
  readonly threads: readonly { readonly thread: AiThread; readonly turns: readonly Turn[] }[];
  readonly answers: readonly {
    readonly request: { readonly prompt?: string };
    readonly answer: AnswerView;
  }[];
}

/** Resolves with the answer at its end. */
async function ask({ server }: AiServer, person: Person, question: object): Promise<AnswerView> {
  const http = person.http(server);
  const { status, body } = await http.post<AskedAi>("/v1/ai/answers", question);
  equal(status, 202, JSON.stringify(body));
  const path = `/v1/ai/answers/${body.answer}`;
  const events = await fetch(`${server.url}${path}/events`, {
    headers: { authorization: `Bearer ${person.token}` },
  });
  match(await events.text(), /^event: ai\.done$/m);
  return (await http.get<AnswerView>(path)).body;
}

async function exported({ server }: AiServer, person: Person): Promise<Exported> {
  const { status, body } = await person.http(server).get<Exported>("/v1/account/export");
  equal(status, 200);
  return body;
}

Deno.test("[Q46] [Q48] [AN30] one takes along what one asked in threads and outside; when the account is removed it goes", async () => {
  await using site = await AiServer.start();
  const { server } = site;
  const [ann, ben] = [await Person.register(server), await Person.register(server)];
  const [long, short, foreign] = [ulid(7_001), ulid(7_002), ulid(7_003)];

  const said: AnswerView[] = [];
  for (let n = 1; n <= 11; n++) {
    said.push(await ask(site, ann, { model: MODEL, thread: long, text: `ask ${n}` }));
  }
  said.push(await ask(site, ann, { thread: long, regenerate: true }));
  const first = await ask(site, ann, { model: MODEL, thread: short, text: '弹幕 "?" \n' });
  const picture = await ask(site, ann, { feature: "image", model: PAINTER, text: "a cat" });
  const alone = await ask(site, ann, { model: MODEL, text: "alone" });
  await ask(site, ben, { model: MODEL, thread: foreign, text: "mine" });
  const bens = await ask(site, ben, { model: MODEL, text: "ben's" });

  const { threads, answers } = await exported(site, ann);
  deepEqual(threads.map(({ thread }) => thread.thread), [short, long]);
  equal(threads[1]?.thread.title, "ask 1");
  deepEqual(threads[0]?.turns.map(({ question, answer }) => [question, answer]), [['弹幕 "?" \n', first]]);
  const questions = Array.from({ length: 11 }, (_, index) => `ask ${index + 1}`);
  deepEqual(
    threads[1]?.turns.map(({ seq, question, replacedBy }) => [seq, question, replacedBy]),
    [...questions, "ask 11"].map((question, index) => [index + 1, question, index === 10 ? 12 : undefined]),
  );
  deepEqual(threads[1]?.turns.map(({ answer }) => answer), said);
  ok(said.every(({ text }) => text !== ""));
  deepEqual(answers.map(({ answer }) => answer), [picture, alone]);
  equal(answers[0]?.request.prompt, "a cat");
  const [file] = picture.files ?? [];
  ok(file !== undefined && file.name !== "");
  const other = await exported(site, ben);
  deepEqual([other.threads.length, other.answers.map(({ answer }) => answer)], [1, [bens]]);

  site.upstream.faults({ fault: { kind: "silent" } });
  const { body: open } = await ann.http(server).post<AskedAi>("/v1/ai/answers", {
    model: MODEL,
    text: "open",
  });
  equal((await site.operator.delete(`/v1/accounts/${ann.id}`)).status, 204);
  await server.kill("SIGTERM");
  await using storage = await openSqlite({ path: `${server.dataDir}/barrage.db` });
  equal((await storage.answers.read(open.answer))?.state, "cancelled");
  const kept = () =>
    storage.answers.readMany([...said, first, picture, alone, bens].map(({ answer }) => answer));
  equal((await kept()).length, 16);
  for (const { remove } of aiSweeps(storage, { historyDays: 1, usageDays: 1 })) {
    await remove(Date.now() + 60_000, 500);
  }
  deepEqual((await kept()).map(({ id }) => id), [bens.answer]);
  deepEqual(await storage.threads.list(ann.id, { limit: 9 }), []);
  deepEqual(await storage.threads.turns(long, { after: 0, limit: 9 }), []);
  equal(await storage.aiFiles.read(file.id), undefined);
  equal((await storage.threads.list(ben.id, { limit: 9 })).length, 1);
  ok((await storage.aiUsage.spent(ann.id, 0)).tokens > 0);
});
