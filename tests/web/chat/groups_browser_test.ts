import assert from "node:assert/strict";
import { CHEAP } from "tests/support/cookie_client.ts";
import { startServer } from "tests/support/server.ts";
import { Profiles } from "../profiles.ts";
import { ChatStage, shareServer, Talker } from "./talker.ts";

shareServer();

Deno.test("[W86] three people find a group by name and number, and hear each other and who comes", async () => {
  await using stage = await ChatStage.shared(["ann", "bob", "eve"]);
  const [ann, bob, eve] = stage.talkers;
  await ann.makeGroup("Chess club", "open");
  await bob.find("Chess", "Chess club");
  await bob.answer();
  await bob.page.locator(".talk-title", { hasText: "Chess club" }).waitFor();
  await ann.page.locator(".change", { hasText: "bob joined" }).waitFor();
  await ann.openPanel();
  const number = /\d{9}/.exec(await ann.page.textContent(".panel-note") ?? "")?.[0] ?? "";
  await eve.find(number, "Chess club");
  await eve.answer();
  await eve.page.locator(".talk-title", { hasText: "Chess club" }).waitFor();
  await ann.page.locator(".member").nth(2).waitFor();
  await ann.say("welcome");
  await bob.sees("welcome");
  await eve.say("e4");
  await bob.sees("e4");
  await ann.sees("e4");
  assert.equal(await bob.stored("e4").locator(".bubble-name").textContent(), "eve");
  await bob.row("Chess club").locator(".row-text", { hasText: "eve: e4" }).waitFor();
  assert.deepEqual([ann, bob, eve].flatMap(({ visitor }) => visitor.complaints), []);
});

Deno.test("[W86] who asks waits until an admin lets him in; who is declined does not come in", async () => {
  await using stage = await ChatStage.shared(["ann", "bob", "eve"]);
  const [ann, bob, eve] = stage.talkers;
  await ann.makeGroup("Quiet place", "approval");
  await ann.openPanel();
  for (const comer of [bob, eve]) {
    await comer.find("Quiet", "Quiet place");
    await comer.answer();
    await comer.row("Quiet place").locator(".row-text", { hasText: "Waiting to be let in" }).waitFor();
  }
  const asked = ann.page.locator("[data-asked] .member");
  await asked.filter({ hasText: "bob" }).locator("button[title='Let in']").click();
  await asked.filter({ hasText: "eve" }).locator("button[title='Decline']").click();
  await asked.first().waitFor({ state: "detached" });
  await bob.page.locator(".writer").waitFor();
  await bob.say("thank you");
  await ann.sees("thank you");
  await eve.row("Quiet place").waitFor({ state: "detached" });
});

Deno.test("[W86] a join link lets in whoever opens it, until it is taken back; an invitation waits for an answer", async () => {
  await using server = await startServer(CHEAP);
  await using browser = new Profiles();
  const permissions = ["clipboard-read", "clipboard-write"];
  const ann = await Talker.open(browser, server.url, "ann", { permissions });
  const bob = await Talker.open(browser, server.url, "bob");
  const eve = await Talker.open(browser, server.url, "eve");
  await ann.makeGroup("Family", "invite");
  await ann.openPanel();
  await ann.page.locator(".panel .menu-item", { hasText: "Copy a link to join" }).click();
  await ann.toast("Link copied");
  const link: string = await ann.page.evaluate("navigator.clipboard.readText()");
  assert.match(link, /\/chat\/[0-9A-Z]{26}#link=[A-Za-z0-9_-]{22}$/);
  const asked: string[] = [];
  bob.page.on("request", (request) => asked.push(request.url()));
  await bob.page.goto(link);
  await bob.answer();
  await bob.page.locator(".writer").waitFor();
  await bob.say("by the link");
  await ann.sees("by the link");
  const token = link.split("#link=")[1] ?? "";
  assert(!asked.some((url) => url.split("#")[0]?.includes(token)), "the link was told to the server's log");
  await ann.page.locator(".panel .menu-item", { hasText: "good for nothing" }).click();
  await ann.answer();
  await eve.page.goto(link);
  await eve.toast("invit");
  await ann.page.locator(".panel .menu-item", { hasText: "Invite somebody" }).click();
  await ann.answer("eve");
  await ann.page.locator("[data-invited] .member", { hasText: "eve" }).waitFor();
  await eve.select("Family");
  await eve.page.locator(".talk-closed", { hasText: "You are invited" }).waitFor();
  await eve.page.locator(".talk-closed-actions .primary").click();
  await eve.say("here I am");
  await bob.sees("here I am");
});

Deno.test("[W87] who is removed is told so, sees nothing further, cannot write, and keeps what was said", async () => {
  await using stage = await ChatStage.shared(["ann", "bob", "eve"]);
  const [ann, bob, eve] = stage.talkers;
  await ann.makeGroup("Rowing club", "open");
  for (const comer of [bob, eve]) {
    await comer.join("Rowing", "Rowing club");
  }
  await ann.say("before");
  await eve.sees("before");
  await ann.openPanel();
  await ann.page.locator(".member", { hasText: "eve" }).locator("[aria-haspopup]").click();
  await ann.page.locator(".popup .menu-item", { hasText: "Remove" }).click();
  await ann.answer();
  await eve.page.locator(".talk-closed", { hasText: "not in this group any more" }).waitFor();
  await ann.say("after");
  await bob.sees("after");
  await ann.writeTo("eve");
  await ann.say("sorry");
  await eve.row("ann").locator(".row-text", { hasText: "sorry" }).waitFor();
  assert.deepEqual(await eve.texts(), ["before"]);
  await eve.page.locator(".change", { hasText: "ann removed you" }).waitFor();
  assert.equal(await eve.page.locator(".writer").isVisible(), false);
  assert.equal(await eve.row("Rowing club").count(), 0);
});

Deno.test("[W86] owner and admins rename, announce, mute all, make admins and hand over; who leaves is gone", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.makeGroup("Garden club", "open");
  await bob.join("Garden", "Garden club");
  await ann.openPanel();
  const item = (text: string) => ann.page.locator(".panel .menu-item", { hasText: text });
  await item("Rename").click();
  await ann.answer("Garden & cake");
  await bob.page.locator(".talk-title", { hasText: "Garden & cake" }).waitFor();
  await item("Announce").click();
  await ann.answer("Cake at five");
  await bob.page.locator(".announcement", { hasText: "Cake at five" }).waitFor();
  await ann.page.selectOption("[name=retentionDays]", "7");
  await bob.page.locator(".change", { hasText: "ann lets messages disappear after 7 days" }).waitFor();
  await ann.page.click("[name=mutedAll]");
  await bob.page.locator(".talk-closed", { hasText: "Only the owner and admins" }).waitFor();
  const menu = async (what: string) => {
    await ann.page.locator(".member", { hasText: "bob" }).locator("[aria-haspopup]").click();
    await ann.page.locator(".popup .menu-item", { hasText: what }).click();
  };
  await menu("Make an admin");
  await bob.page.locator(".writer").waitFor();
  await bob.say("thanks");
  await ann.sees("thanks");
  await menu("Make the owner");
  await ann.answer();
  await bob.page.locator(".change", { hasText: "ann made you the owner" }).waitFor();
  await item("Leave the group").click();
  await ann.answer();
  await ann.page.locator(".talk-blank").waitFor();
  await ann.row("Garden").waitFor({ state: "detached" });
  await bob.page.locator(".change", { hasText: "ann left" }).waitFor();
});

Deno.test("[W94] who is named is told so, in the list and at the message", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.makeGroup("Poetry club", "open");
  await bob.join("Poetry", "Poetry club");
  await bob.go("/chat");
  await ann.page.focus("#write");
  await ann.page.keyboard.type("@bo");
  await ann.page.locator(".mention", { hasText: "bob" }).waitFor();
  await ann.page.keyboard.press("Enter");
  assert.equal(await ann.page.inputValue("#write"), "@bob ");
  await ann.page.keyboard.type("your move");
  await ann.page.keyboard.press("Enter");
  await bob.row("Poetry club").locator('.badge[data-kind="mention"]').waitFor();
  await bob.select("Poetry club");
  await bob.page.locator('.line[data-mentioned="true"]', { hasText: "your move" }).waitFor();
  await bob.row("Poetry club").locator('.badge[data-kind="mention"]').waitFor({ state: "detached" });
});
