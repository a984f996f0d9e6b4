import assert from "node:assert/strict";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Talker } from "./chat/talker.ts";
import { Profiles } from "./profiles.ts";

let server: Server;
let operator: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
  operator = new HttpClient(server.url, (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim());
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function turnOn(name: string): Promise<void> {
  assert.equal((await operator.put(`/v1/switches/${name}`, {})).status, 200);
}

async function turnOff(name: string): Promise<void> {
  assert.equal((await operator.delete(`/v1/switches/${name}`)).status, 200);
}

function notice({ page }: Pick<Visitor, "page">, text: string) {
  return page.locator(".site-notice:visible", { hasText: text });
}

Deno.test("[W151] every page says that the server is read-only, and is silent again by itself", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const ann = await Visitor.open(browser);
  await turnOn("read-only");
  for (const path of ["/login", "/docs", "/ai", "/chat", `/rooms/${id}`, "/"]) {
    await ann.page.goto(server.url + path);
    await notice(ann, "For now nothing can be changed here").waitFor();
  }
  await turnOff("read-only");
  await ann.page.locator(".site-notice").waitFor({ state: "hidden" });
  assert.deepEqual(ann.complaints, []);
});

Deno.test("[W151] what a socket is refused is told at once; guests hear that they have to wait, members do not", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const [ann, bob] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.enter(server.url, id);
  await bob.register(server.url, "bob");
  await bob.enter(server.url, id);
  await turnOn("shed-guests");
  await ann.type("let me speak");
  await notice(ann, "guests have to wait").waitFor();
  await bob.say("I may");
  await ann.untilChat("I may");
  assert.equal(await bob.page.isVisible(".site-notice"), false);
  await turnOff("shed-guests");
  await turnOn("shed-low");
  await bob.type("and now?");
  await notice(bob, "some things have to wait").waitFor();
  await turnOff("shed-low");
});

Deno.test("[W152] what is written in the chat while the server is read-only waits, and is sent once when it is over", async () => {
  await using browser = new Profiles();
  const ann = await Talker.open(browser, server.url, "ann");
  const eve = await Talker.open(browser, server.url, "eve");
  await ann.writeTo("eve");
  await ann.say("before");
  await eve.select("ann");
  await eve.say("I am here");
  await turnOn("read-only");
  await ann.type("meanwhile");
  await ann.bubble("meanwhile").locator('.tick[data-receipt="sending"]').waitFor();
  await notice(ann, "For now nothing can be changed here").waitFor();
  const picture = Deno.env.get("NOTICE_PICTURE");
  if (picture !== undefined) {
    await ann.page.screenshot({ path: `${picture}-chat.png` });
    await ann.page.setViewportSize({ width: 360, height: 740 });
    await ann.page.screenshot({ path: `${picture}-phone.png` });
  }
  assert.equal(await ann.page.locator('.line[data-status="failed"]').count(), 0);
  assert.deepEqual(await eve.texts(), ["before", "I am here"]);
  await turnOff("read-only");
  await eve.sees("meanwhile");
  await ann.receipt("meanwhile", "read").waitFor();
  assert.deepEqual(await eve.texts(), ["before", "I am here", "meanwhile"]);
});
