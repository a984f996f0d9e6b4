import assert from "node:assert/strict";
import { ChatStage, shareServer, Talker } from "./talker.ts";

shareServer();

/** Tells the page that it is hidden, or seen again; a headless browser has no tabs to switch. */
function setHidden({ page }: Talker, hidden: boolean): Promise<unknown> {
  return page.evaluate(`
    Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}

Deno.test("[W80] two people talk: one order, marks for sent, delivered and read, and nothing complains", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("hello Bob");
  await ann.receipt("hello Bob", "delivered").waitFor();
  await bob.select("ann");
  await bob.sees("hello Bob");
  await ann.receipt("hello Bob", "read").waitFor();
  await bob.page.keyboard.type("two lines");
  await bob.page.keyboard.press("Shift+Enter");
  await bob.page.keyboard.type("in one");
  await bob.page.keyboard.press("Enter");
  await ann.sees("in one");
  await ann.say("前方高能");
  await bob.sees("前方高能");
  const said = ["hello Bob", "two lines\nin one", "前方高能"];
  assert.deepEqual(await ann.texts(), said);
  assert.deepEqual(await bob.texts(), said);
  assert.equal(await ann.page.locator(".line.own").count(), 2);
  assert.equal(await bob.page.inputValue("#write"), "");
  assert.deepEqual([...ann.visitor.complaints, ...bob.visitor.complaints], []);
});

Deno.test("[W81] the other one sees that somebody is there and writes, and that it is over", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("hello");
  await bob.select("ann");
  await bob.page.locator(".talk-note", { hasText: "Online" }).waitFor();
  await ann.page.focus("#write");
  // Told again three seconds after the last time at most.
  const typed = ann.page.keyboard.type("it takes a while to write all this", { delay: 150 });
  await bob.page.locator(".talk-note", { hasText: "writing" }).waitFor();
  await bob.row("ann").locator(".row-text", { hasText: "writing" }).waitFor();
  await typed;
  await ann.page.keyboard.press("Enter");
  await bob.sees("it takes a while");
  await bob.page.locator(".talk-note", { hasText: "Online" }).waitFor();
  await ann.page.close();
  await bob.page.locator(".talk-note:not(:text('Online'))").waitFor();
  await bob.row("ann").locator(".presence").waitFor({ state: "hidden" });
});

Deno.test("[W82] unread messages are counted, and read when they are seen, not in a hidden page", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  for (const text of ["one", "two", "three"]) await ann.say(text);
  const badge = bob.row("ann").locator('.badge[data-kind="unread"]');
  await badge.filter({ hasText: "3" }).waitFor();
  assert.match(await bob.page.title(), /^\(1\) /);
  await bob.select("ann");
  await badge.waitFor({ state: "detached" });
  await ann.receipt("three", "read").waitFor();
  assert.doesNotMatch(await bob.page.title(), /^\(/);
  await setHidden(bob, true);
  await ann.say("four");
  await bob.sees("four");
  await badge.filter({ hasText: "1" }).waitFor();
  assert.equal(await ann.receipt("four", "read").count(), 0);
  await setHidden(bob, false);
  await ann.receipt("four", "read").waitFor();
  await bob.page.locator(".unread-line + .line", { hasText: "four" }).waitFor();
});

Deno.test("[W83] what came since one was here begins with a line, and is where one begins to read", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("seen");
  await bob.select("ann");
  await ann.receipt("seen", "read").waitFor();
  await bob.go("/chat");
  for (let i = 1; i <= 40; i++) await ann.type(`message ${i}.`);
  await bob.row("ann").locator(".badge", { hasText: "40" }).waitFor();
  await bob.select("ann");
  const line = bob.page.locator(".unread-line");
  await line.waitFor();
  assert.equal(await bob.page.locator(".unread-line + .line .bubble-text").textContent(), "message 1.");
  const top = await line.evaluate((line) => {
    const scroll = line.closest(".thread-scroll");
    return line.getBoundingClientRect().top - (scroll?.getBoundingClientRect().top ?? 0);
  });
  assert(top > 0 && top < 400, `${top} pixels from the top`);
  // Below the edge nothing is read yet.
  await bob.row("ann").locator('.badge[data-kind="unread"]').waitFor();
  await bob.page.locator(".jump").click();
  await bob.row("ann").locator('.badge[data-kind="unread"]').waitFor({ state: "detached" });
  await bob.say("answer");
  await line.waitFor({ state: "detached" });
});

Deno.test("[W84] the other one sees an edit and a recall, and so does a page opened later", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("at sevn");
  await ann.say("a secret");
  await bob.select("ann");
  await bob.sees("a secret");
  await ann.act("at sevn", "Edit");
  assert.equal(await ann.page.inputValue("#write"), "at sevn");
  await ann.type("at seven");
  await bob.sees("at seven");
  await bob.bubble("at seven").locator(".edited").waitFor();
  await ann.act("a secret", "Recall");
  await ann.answer();
  await bob.page.locator(".recalled", { hasText: "This message was recalled" }).waitFor();
  await ann.page.locator(".recalled", { hasText: "You recalled this message" }).waitFor();
  await bob.page.reload();
  await bob.sees("at seven");
  assert.deepEqual(await bob.texts(), ["at seven"]);
  assert.equal((await bob.page.content()).includes("a secret"), false);
  await ann.page.press("#write", "ArrowUp");
  assert.equal(await ann.page.inputValue("#write"), "at seven");
  await ann.page.keyboard.press("Escape");
  assert.equal(await ann.page.inputValue("#write"), "");
});

Deno.test("[W94] an answer shows what it answers, and leads there", async () => {
  await using stage = await ChatStage.shared(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.writeTo("bob");
  await ann.say("which day?");
  await bob.select("ann");
  await bob.act("which day?", "Reply");
  await bob.page.locator(".writer-about-title", { hasText: "Reply to ann" }).waitFor();
  await bob.say("Thursday");
  const quote = ann.bubble("Thursday").locator(".quote");
  await quote.waitFor();
  assert.equal(await quote.locator(".quote-text").textContent(), "which day?");
  await quote.click();
  await ann.page.locator(".line.flash .bubble-text", { hasText: "which day?" }).waitFor();
});
