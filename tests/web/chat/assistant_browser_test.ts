import assert from "node:assert/strict";
import { ChatStage } from "./talker.ts";

Deno.test("[AS42] an owner sets the assistant in the panel; who writes its name is answered, under the mark AI", async () => {
  await using stage = await ChatStage.open(["ann", "bob"]);
  const [ann, bob] = stage.talkers;
  await ann.makeGroup("Wave watchers", "open");
  await bob.find("Wave", "Wave watchers");
  await bob.answer();
  await bob.page.locator(".writer").waitFor();
  await ann.openPanel();
  const form = ann.page.locator("[data-assistant]");
  await form.locator("[name=name]").fill("Echo");
  await form.locator("[name=instructions]").fill("Be brief");
  await form.locator("button[type=submit]").click();
  await ann.toast("The assistant is set");
  await bob.page.locator(".change", { hasText: "ann set the assistant: mention @Echo to ask it" }).waitFor();
  await ann.page.locator(".member", { hasText: "Echo" }).locator(".role-badge", { hasText: "AI" }).waitFor();
  const picture = Deno.env.get("ASSISTANT_PICTURE");

  // Offered behind an @, with its mark; written out it is meant all the same.
  await bob.page.locator("#write").pressSequentially("@Ec");
  await bob.page.locator(".mention", { hasText: "Echo" }).locator(".role-badge", { hasText: "AI" }).waitFor();
  await bob.page.locator("#write").pressSequentially("ho how high is the tide?");
  await bob.page.press("#write", "Enter");
  const answer = ann.page.locator(".line[data-seq]:has(.ai-badge)");
  await answer.waitFor();
  await answer.locator(".quote", { hasText: "how high is the tide?" }).waitFor();
  assert.equal(await answer.locator(".bubble-name").textContent(), "Echo AI");
  await bob.page.locator(".line[data-seq]:has(.ai-badge)").waitFor();
  await bob.openPanel();
  await bob.page.locator(".member", { hasText: "Echo" }).waitFor();
  assert.equal(await bob.page.locator("[data-assistant]").isVisible(), false);
  if (picture !== undefined) {
    await form.scrollIntoViewIfNeeded();
    await ann.page.screenshot({ path: `${picture}-ann.png` });
    await bob.page.screenshot({ path: `${picture}-bob.png` });
    await bob.page.setViewportSize({ width: 390, height: 844 });
    await bob.page.screenshot({ path: `${picture}-phone.png` });
  }

  await form.locator("[data-remove]").click();
  await ann.answer();
  await bob.page.locator(".change", { hasText: "ann removed the assistant" }).waitFor();
  await form.locator("[data-remove]").waitFor({ state: "hidden" });
  assert.equal(await form.locator("[name=name]").inputValue(), "");
  assert.deepEqual([ann, bob].flatMap(({ visitor }) => visitor.complaints), []);
});
