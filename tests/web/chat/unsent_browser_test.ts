import assert from "node:assert/strict";
import { Cable } from "tests/support/cable.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { startServer } from "tests/support/server.ts";
import { ChatStage, Talker } from "./talker.ts";
import { Profiles } from "../profiles.ts";

Deno.test("[W85] what is written without a connection stands there, survives a reload, and is sent once, in order", async () => {
  await using server = await startServer(CHEAP);
  await using cable = new Cable(server.port);
  await using browser = new Profiles();
  const ann = await Talker.open(browser, cable.url, "ann");
  const bob = await Talker.open(browser, server.url, "bob");
  await ann.writeTo("bob");
  await ann.say("before");
  await bob.select("ann");
  await bob.say("I am here");
  await ann.sees("I am here");
  cable.pull();
  await ann.page.locator(".offline").waitFor();
  await ann.type("first");
  await ann.type("second");
  await ann.page.locator('.line[data-status="sending"]', { hasText: "second" }).waitFor();
  assert.deepEqual(await bob.texts(), ["before", "I am here"]);
  // What is loaded comes from the server, which the page then cannot talk to still.
  let cut = true;
  await ann.page.routeWebSocket(
    /\/v1\/ws/,
    (socket) => void (cut ? socket.close() : socket.connectToServer()),
  );
  cable.plug();
  await ann.page.reload();
  await ann.page.locator(".offline").waitFor();
  cut = false;
  await ann.page.reload();
  await bob.sees("second");
  await ann.say("third");
  await bob.sees("third");
  const said = ["before", "I am here", "first", "second", "third"];
  assert.deepEqual(await bob.texts(), said);
  assert.deepEqual(await ann.texts(), said);
  assert.equal(await ann.page.locator(".offline").isVisible(), false);
});

Deno.test("[W85] after the server was killed and started again what was written meanwhile is sent once", async () => {
  await using stage = await ChatStage.open(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("before");
  await bob.select("ann");
  await bob.sees("before");
  await stage.server.kill("SIGKILL");
  await ann.page.locator(".offline").waitFor();
  await ann.type("meanwhile");
  await ann.bubble("meanwhile").locator('.tick[data-receipt="sending"]').waitFor();
  await stage.server.restart();
  await bob.sees("meanwhile");
  await ann.receipt("meanwhile", "read").waitFor();
  assert.deepEqual(await bob.texts(), ["before", "meanwhile"]);
  await ann.page.locator(".offline").waitFor({ state: "hidden" });
});

Deno.test("[W85] a message that is refused says why, is sent by trying again once it may be, or deleted", async () => {
  await using stage = await ChatStage.open(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("hello");
  await bob.select("ann");
  await bob.page.click("[data-talk-menu]");
  await bob.page.locator(".popup .menu-item", { hasText: "Block" }).click();
  await bob.answer();
  await bob.page.locator(".talk-closed", { hasText: "You have blocked ann" }).waitFor();
  await ann.type("are you there?");
  await ann.type("hm");
  const failed = ann.page.locator('.line[data-status="failed"]');
  await failed.nth(1).waitFor();
  assert.match(await failed.nth(0).locator(".failure").textContent() ?? "", /They do not receive this/);
  await ann.row("bob").locator(".row-text", { hasText: "Not sent" }).waitFor();
  await failed.nth(1).locator('[data-act="discard"]').click();
  await failed.nth(1).waitFor({ state: "detached" });
  await bob.page.click(".talk-closed button");
  await bob.page.locator(".writer").waitFor();
  await failed.nth(0).locator('[data-act="retry"]').click();
  await bob.sees("are you there?");
  assert.deepEqual(await ann.texts(), ["hello", "are you there?"]);
});
