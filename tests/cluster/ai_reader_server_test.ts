import { equal, ok } from "node:assert/strict";
import { Barrage } from "client/mod.ts";
import { HttpClient } from "tests/support/http_client.ts";
import type { Server } from "tests/support/server.ts";
import { startThree } from "tests/support/three_nodes.ts";

const UNTIL_MS = 90_000;

/** The node that runs the only answer there is, and the others. */
async function ownerOf(servers: readonly Server[]): Promise<Server | undefined> {
  for (const server of servers) {
    if (await server.metric("barrage_ai_calls") > 0) return server;
  }
  return undefined;
}

Deno.test("[AF9] a reader on another node gets the whole answer, though the node that makes it is killed", async () => {
  await using cluster = await startThree({
    AI_ECHO: "on",
    AI_LEASE_TERM_SECONDS: 5,
    AI_ANSWER_MAX_SECONDS: 120,
  });
  const [mine, ...others] = cluster.servers as [Server, Server, Server];
  const { body } = await new HttpClient(mine.url).post<{ token: string }>("/v1/accounts", {
    ...{ login: "ann", password: "correct horse battery staple", transport: "body" },
  });
  await using barrage = new Barrage({ url: mine.url, token: body.token, timeoutMs: UNTIL_MS });
  const question = Array.from({ length: 400 }, (_, n) => `word${n}`).join(" ");
  // Of some answers in a row, one is another node's.
  for (let n = 0; n < 20; n++) {
    const answer = barrage.ai.ask({ model: "echo", text: question });
    const { promise: some, resolve } = Promise.withResolvers<void>();
    answer.on("text", () => answer.text.length > 50 && resolve());
    await some;
    const owner = await ownerOf(others);
    if (owner === undefined) {
      await answer.cancel();
      await mine.metricIs("barrage_ai_calls", 0);
      continue;
    }
    await owner.kill("SIGKILL");
    ok(answer.text.length < question.length, "it was over too soon");
    const whole = await answer.whole();
    equal(whole, await barrage.ai.follow(answer.id).whole());
    ok(whole.includes(question), whole.slice(0, 200));
    return;
  }
  throw new Error("Cannot find an answer that another node makes");
});
