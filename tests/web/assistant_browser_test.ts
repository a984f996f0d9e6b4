import assert from "node:assert/strict";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, CookieClient } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer({ ...CHEAP, AI_GUESTS: "on" });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function setAssistant({ page }: Visitor, name: string): Promise<void> {
  await page.click("[data-set-assistant]");
  await page.locator(".assistant-dialog option").first().waitFor({ state: "attached" });
  await page.fill(".assistant-dialog [name=name]", name);
  await page.fill(".assistant-dialog [name=instructions]", "Be brief");
  await page.press(".assistant-dialog [name=name]", "Enter");
  await page.locator(".assistant-dialog").waitFor({ state: "detached" });
}

Deno.test("[W150] who opened a room sets its assistant; whoever watches sees it, asks it with a click, and is answered", async () => {
  await using browser = new Profiles();
  const [ann, bob] = [await Visitor.open(browser), await Visitor.open(browser)];
  await ann.page.goto(server.url);
  await ann.page.fill("#room-title", "Waves");
  await ann.page.press("#room-title", "Enter");
  await ann.untilLive();
  const room = ann.page.url();
  assert.equal(await ann.page.isVisible(".composer-assistant"), false);
  await setAssistant(ann, "Echo");
  await ann.page.locator(".composer-assistant:visible", { hasText: "@Echo answers" }).waitFor();

  await bob.page.goto(room);
  await bob.untilLive();
  await bob.page.locator(".composer-assistant", { hasText: "@Echo answers" }).click();
  assert.equal(await bob.page.inputValue("#say"), "@Echo ");
  assert.equal(await bob.page.isVisible("[data-set-assistant]"), false);
  await bob.page.keyboard.type("how high is the tide?");
  const picture = Deno.env.get("ASSISTANT_PICTURE");
  if (picture !== undefined) await bob.page.screenshot({ path: `${picture}-bob.png` });
  await bob.page.keyboard.press("Enter");
  await ann.page.locator(".line", { has: ann.page.locator(".line-ai") }).first().waitFor();

  await ann.page.click("[data-set-assistant]");
  const form = ann.page.locator(".assistant-dialog form");
  await form.locator("[data-remove]").waitFor();
  assert.equal(await form.locator("[name=instructions]").inputValue(), "Be brief");
  if (picture !== undefined) {
    await ann.page.screenshot({ path: `${picture}-ann.png` });
    await ann.page.setViewportSize({ width: 360, height: 740 });
    await ann.page.screenshot({ path: `${picture}-phone-dialog.png` });
    await bob.page.setViewportSize({ width: 360, height: 740 });
    await bob.page.screenshot({ path: `${picture}-phone.png` });
  }
  await form.locator("[data-remove]").click();
  await ann.page.click("#text-dialog button[type=submit]");
  await form.locator("[data-remove]").waitFor({ state: "hidden" });
  await ann.page.keyboard.press("Escape");
  await ann.page.locator(".composer-assistant").waitFor({ state: "hidden" });
  await bob.page.reload();
  await bob.untilLive();
  assert.equal(await bob.page.isVisible(".composer-assistant"), false);
  assert.deepEqual([...ann.complaints, ...bob.complaints], []);
});

Deno.test("[W150] operators set the assistant of any room, other members of none, and who is here already learns of it", async () => {
  await using browser = new Profiles();
  const { id } = await (await HttpClient.guest(server.url)).room();
  const [olga, bob] = [await Visitor.open(browser), await Visitor.open(browser)];
  await CookieClient.member(server.url, "olga");
  await bob.register(server.url, "bob");
  await bob.enter(server.url, id);
  await bob.page.waitForLoadState("networkidle");
  assert.equal(await bob.page.isVisible("[data-set-assistant]"), false);
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const operator = new HttpClient(server.url, key);
  const { body } = await operator.get<{ accounts: { id: string }[] }>("/v1/accounts?login=olga");
  const made = await operator.patch(`/v1/accounts/${body.accounts[0]?.id}`, { role: "operator" });
  assert.equal(made.status, 200);
  await olga.page.goto(`${server.url}/login?returnTo=/rooms/${id}`);
  await olga.signIn("olga");
  await olga.untilLive();
  await setAssistant(olga, "Echo");
  assert.equal(await bob.page.isVisible(".composer-assistant"), false);
  await olga.say("@Echo are you there?");
  await bob.page.locator(".composer-assistant:visible", { hasText: "@Echo answers" }).waitFor();
  assert.deepEqual([...olga.complaints, ...bob.complaints], []);
});
