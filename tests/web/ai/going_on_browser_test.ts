import assert from "node:assert/strict";
import { AskStage, words } from "./asker.ts";

Deno.test("[W126] the server dies in the middle of an answer: the page goes on, and has each word once", async () => {
  await using stage = await AskStage.alone();
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
  await ann.ask(words(250));
  await ann.untilSays("word0", "word10");
  await ann.page.reload();
  await ann.until("word0", "running");
  await ann.page.locator(".ai-stop:visible").waitFor();
  await ann.until("word0", "done");
  assert.equal(await ann.says("word0"), `You said: ${words(250)}`);
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
  const device = await ann.device(browser, pathname);
  for (const other of [tab, device]) await other.until("first", "done");
  await ann.ask(words(400));
  for (const other of [tab, device]) await other.until("word0", "running");
  await tab.page.click(".ai-stop");
  for (const one of [ann, tab, device]) await one.until("word0", "cancelled");
  const said = await ann.says("word0");
  for (const other of [tab, device]) assert.equal(await other.says("word0"), said);
  await device.ask("third");
  await device.until("third", "done");
  for (const one of [ann, tab, device]) {
    await one.comeBack();
    await one.until("third", "done");
    assert.equal(await one.page.locator(".ai-turn").count(), 3);
  }
  await ann.thread("first").hover();
  await ann.thread("first").locator(".ai-thread-forget").click();
  await ann.confirm();
  await device.comeBack();
  for (const one of [ann, tab, device]) {
    await one.thread("first").waitFor({ state: "detached" });
    await one.page.locator(".ai-blank:visible").waitFor();
    assert.equal(new URL(one.page.url()).pathname, "/ai");
  }
  assert.deepEqual([...ann.visitor.complaints, ...tab.visitor.complaints], []);
});

Deno.test("[W137] without a server the page says so, and what was asked meanwhile is asked once", async () => {
  await using stage = await AskStage.alone();
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
  await using stage = await AskStage.alone({ AI_REQUESTS_PER_DAY: 1 });
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

Deno.test("[W138] what is lost, doubled and late on the way is told again, and each word is there once", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const seen = { lost: 0, doubled: 0, late: 0 };
  let held: string | undefined;
  await ann.page.routeWebSocket(/\/v1\/ws/, (socket) => {
    const server = socket.connectToServer();
    let told = 0;
    server.onMessage((message) => {
      const text = String(message);
      if (!text.includes('"ai.delta"')) return socket.send(message);
      switch (told++ % 5) {
        case 1:
          return void seen.lost++;
        case 2:
          seen.doubled++;
          socket.send(text);
          return socket.send(text);
        case 3:
          seen.late++;
          return void (held = text);
        default:
          socket.send(text);
          if (held !== undefined) socket.send(held);
          held = undefined;
      }
    });
  });
  await ann.page.reload();
  await ann.ready();
  await ann.ask(words(100));
  await ann.until("word0", "done");
  assert.equal(await ann.says("word0"), `You said: ${words(100)}`);
  assert(Object.values(seen).every((count) => count > 0), JSON.stringify(seen));
});

Deno.test("[W139] a conversation is read again when it has changed, and not before", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  await ann.ask("hello");
  await ann.until("hello", "done");
  const [socket] = await Promise.all([ann.page.waitForEvent("websocket"), ann.page.reload()]);
  let reads = 0;
  socket.on("framesent", ({ payload }) => reads += Number(String(payload).includes('"ai.thread"')));
  await ann.until("hello", "done");
  const looks = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const predicate = ({ payload }: { payload: string | Uint8Array }) =>
        String(payload).includes('"threads":');
      const listed = socket.waitForEvent("framereceived", { predicate });
      await ann.comeBack();
      await listed;
    }
  };
  await looks(2);
  const before = reads;
  await looks(4);
  assert.equal(reads, before);
  const tab = await ann.tab(new URL(ann.page.url()).pathname);
  await tab.ask("once more");
  await ann.until("once more", "done");
  assert(reads > before);
});
