import assert from "node:assert/strict";
import { AskStage, words } from "./asker.ts";

Deno.test("[W126] the server dies in the middle of an answer: the page goes on, and has each word once", async () => {
  await using stage = await AskStage.open();
  const { ann, server } = stage;
  await ann.ask(words(300));
  await ann.untilSays("word0", "word60");
  await server.kill("SIGKILL");
  await server.restart();
  const turn = await ann.until("word0", "done");
  assert.equal(await ann.says("word0"), `You said: ${words(300)}`);
  await turn.locator(".ai-seam:visible").waitFor();
});

Deno.test("[W128] loaded again in the middle of an answer the page goes on where it was", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  await ann.ask(words(150));
  await ann.untilSays("word0", "word10");
  await ann.page.reload();
  await ann.until("word0", "running");
  await ann.page.locator(".ai-stop:visible").waitFor();
  await ann.until("word0", "done");
  assert.equal(await ann.says("word0"), `You said: ${words(150)}`);
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W129] another tab and another device see what is asked, the answer as it comes, and its end", async () => {
  await using stage = await AskStage.open();
  const { ann, browser } = stage;
  await ann.ask("first");
  await ann.until("first", "done");
  const { pathname } = new URL(ann.page.url());
  const tab = await ann.tab(pathname);
  const device = await ann.device(browser, "ann", pathname);
  for (const other of [tab, device]) await other.until("first", "done");
  await ann.ask(words(400));
  for (const other of [tab, device]) await other.until("word0", "running");
  await tab.page.click(".ai-stop");
  for (const one of [ann, tab, device]) await one.until("word0", "cancelled");
  const said = await ann.says("word0");
  for (const other of [tab, device]) assert.equal(await other.says("word0"), said);
  await device.ask("third");
  for (const one of [ann, tab, device]) {
    await one.until("third", "done");
    assert.equal(await one.page.locator(".ai-turn").count(), 3);
  }
  await ann.thread("first").hover();
  await ann.thread("first").locator(".ai-thread-forget").click();
  await ann.confirm();
  for (const one of [ann, tab, device]) {
    await one.thread("first").waitFor({ state: "detached" });
    await one.page.locator(".ai-blank:visible").waitFor();
    assert.equal(new URL(one.page.url()).pathname, "/ai");
  }
  assert.deepEqual([...ann.visitor.complaints, ...tab.visitor.complaints], []);
});

Deno.test("[W137] without a server the page says so, and what was asked meanwhile is asked once", async () => {
  await using stage = await AskStage.open();
  const { ann, server } = stage;
  await server.kill("SIGKILL");
  await ann.page.locator('.offline:visible:has-text("No connection")').waitFor();
  await ann.ask("are you there?");
  await ann.until("are you there?", "asking");
  await server.restart();
  await ann.until("are you there?", "done");
  await ann.page.locator(".offline").waitFor({ state: "hidden" });
  await ann.page.reload();
  await ann.until("are you there?", "done");
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  assert.equal(await ann.page.locator(".ai-thread").count(), 1);
});

Deno.test("[W125] a question that the server did not take says why, and is asked by Try again", async () => {
  await using stage = await AskStage.open({ AI_REQUESTS_PER_DAY: 1 });
  const { ann } = stage;
  await ann.ask("the first");
  await ann.until("the first", "done");
  await ann.ask("the second");
  const refused = await ann.until("the second", "refused");
  await refused.locator(".ai-ending[role=alert]").waitFor();
  await stage.server.kill("SIGTERM");
  await stage.server.restart({ AI_REQUESTS_PER_DAY: 0 });
  await ann.until("the second", "refused");
  await refused.locator(".ai-action", { hasText: "Try again" }).click();
  await ann.until("the second", "done");
  assert.equal(await ann.page.locator(".ai-turn").count(), 2);
});
