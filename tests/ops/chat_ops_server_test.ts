import { Buffer } from "node:buffer";
import { deepEqual, equal, match } from "node:assert/strict";
import type { Report } from "protocol/reports.ts";
import { Person } from "tests/support/chatter.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { operate } from "../../ops/ops.ts";

const key = (version: number) => `${version}:${Buffer.alloc(32, version).toString("base64")}`;

async function type(server: Server, line: string, told: string[] = []) {
  const env: Record<string, string> = {
    ...{ HOST: "127.0.0.1", PORT: String(server.port), DATA_DIR: server.dataDir },
  };
  return await operate(line.split(" "), (name) => env[name], (line) => told.push(line));
}

async function operatorOf(server: Server): Promise<HttpClient> {
  return new HttpClient(server.url, (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim());
}

Deno.test("[J115] operators list and settle reports, over HTTP and with the ops task; the log tells the reporter alone", async () => {
  await using server = await startServer({ REPORTS_PER_DAY: 3 });
  const [ann, ben] = [await Person.register(server), await Person.register(server)];
  await using a = await ann.live(server);
  await using b = await ben.live(server);
  const { conversation } = await a.send(ben, "an insult");
  for (const text of ["another\n", "a third"]) await a.send(conversation, text);
  const report = (seq: number, more = {}) =>
    b.socket.call<{ id: string }>("chat.report", { conversation, seq, reason: "abuse", ...more });
  const first = await report(1, { note: "see this" });
  deepEqual(await report(1), first);
  const second = await report(2);
  await a.socket.call("chat.recall", { conversation, seq: 1 });

  const operator = await operatorOf(server);
  const { body } = await operator.get<{ reports: Report[]; next?: string }>("/v1/reports?limit=1");
  deepEqual([body.reports.map(({ id }) => id), body.next], [[second.id], second.id]);
  const rest = await operator.get<{ reports: Report[] }>(`/v1/reports?before=${body.next}&state=open`);
  const [found] = rest.body.reports;
  deepEqual([found?.id, found?.note, found?.reporter.id], [first.id, "see this", ben.id]);
  equal(found?.message.kind === "sent" && found.message.text, "an insult");

  const listed = await type(server, "reports list");
  match(listed.text, /^ID +AT +STATE +REASON +BY +SENDER +SAID +NOTE\n/);
  match(listed.text, new RegExp(`\n${first.id} .* open +abuse .*"an insult" +"see this"$`));
  equal((await type(server, `reports settle ${first.id} upheld`)).text, `Settled ${first.id}: upheld`);
  const again = await type(server, `reports settle ${first.id} dismissed`);
  deepEqual(again, { code: 1, text: `Report ${first.id} is settled already (conflict)` });
  equal((await operator.patch(`/v1/reports/${second.id}`, { outcome: "dismissed" })).status, 200);
  equal((await operator.patch(`/v1/reports/${conversation}`, { outcome: "dismissed" })).status, 404);
  equal((await type(server, "reports list")).text, "No reports");
  match((await type(server, "reports list --state all")).text, /dismissed[^]*upheld/);
  for (
    const [line, why] of [
      ["reports list --state mine", /^Cannot use --state/],
      ["reports settle 7 upheld", /`reports list` shows ids/],
      [`reports settle ${first.id} burnt`, /^Cannot use the outcome/],
    ] as const
  ) {
    const { code, text } = await type(server, line);
    equal(code, 2);
    match(text, why);
  }

  const events = async (person: Person) => {
    const { body } = await person.http(server).get<{ events: { event: string; detail?: unknown }[] }>(
      "/v1/account/events",
    );
    return body.events.filter(({ event }) => event.includes("report")).map(({ event }) => event);
  };
  deepEqual(await events(ann), []);
  deepEqual(await events(ben), [
    ...["report.settled", "report.settled", "message.reported", "message.reported"],
  ]);
});

Deno.test("[J130] resealing brings messages and reports to the newest key, page by page, says how far it is, and goes on from there", async () => {
  await using server = await startServer({ MESSAGE_KEYS: key(1) });
  const [ann, ben] = [await Person.register(server), await Person.register(server)];
  await using a = await ann.live(server);
  const texts = Array.from({ length: 7 }, (_, n) => `line ${n}`);
  const { conversation } = await a.send(ben, "zero");
  {
    await using b = await ben.live(server);
    await b.send(conversation, "hi");
    for (const text of texts) await a.send(conversation, text);
    await b.socket.call("chat.report", { conversation, seq: 1, reason: "spam" });
  }
  await server.kill("SIGTERM");
  await server.restart({ MESSAGE_KEYS: [key(1), key(2)].join() });
  const operator = await operatorOf(server);
  const page = await operator.post<{ next: string }>("/v1/messages/reseal", { limit: 3 });
  deepEqual([page.status, page.body], [200, { next: `message:${conversation}:3`, looked: 3, resealed: 3 }]);
  for (const after of ["message:x:3", "report:7", "3", `message:${conversation}:-1`]) {
    equal((await operator.post("/v1/messages/reseal", { after })).status, 422);
  }
  const told: string[] = [];
  const resumed = await type(server, `messages reseal --limit 2 --after ${page.body.next}`, told);
  deepEqual(resumed, { code: 0, text: "Looked at 7 texts, sealed 7 anew" });
  match(told[0] ?? "", /^Looked at 2, sealed 2 anew; goes on with --after message:\w{26}:5$/);
  const whole = await type(server, "messages reseal --json");
  deepEqual(JSON.parse(whole.text), { looked: 10, resealed: 0 });
  await server.kill("SIGTERM");
  // Whatever were still sealed with the first key could not be read any more.
  await server.restart({ MESSAGE_KEYS: key(2) });
  await using later = await ann.live(server);
  deepEqual(later.texts(conversation), ["zero", "hi", ...texts]);
  match((await type(server, "reports list")).text, /"zero"/);
});
