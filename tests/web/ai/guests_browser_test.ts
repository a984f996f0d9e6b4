import assert from "node:assert/strict";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP, PASSWORD } from "tests/support/cookie_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "../profiles.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer({ ...CHEAP, AI_GUESTS: "on" });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function guestOn(browser: Profiles): Promise<Visitor> {
  const guest = await Visitor.open(browser, { locale: "en-GB" });
  await guest.page.goto(`${server.url}/ai`);
  await guest.page.locator("#model option").first().waitFor({ state: "attached" });
  return guest;
}

async function ask({ page }: Visitor, text: string): Promise<void> {
  await page.fill("#ask", text);
  await page.press("#ask", "Enter");
  await page.locator('.ai-turn[data-state="done"]', { hasText: text }).waitFor();
}

Deno.test("[W153] a guest asks without an account, finds it again, and keeps it when he makes one", async () => {
  await using browser = new Profiles();
  const guest = await guestOn(browser);
  const { page } = guest;
  await page.locator(".ai-guest-note:visible").waitFor();
  const picture = Deno.env.get("GUEST_PICTURE");
  if (picture !== undefined) await page.screenshot({ path: `${picture}.png` });
  await ask(guest, "what do guests ask?");
  await page.reload();
  await page.locator('.ai-turn[data-state="done"]', { hasText: "what do guests ask?" }).waitFor();
  const thread = page.url();
  // Nobody else's.
  const other = await guestOn(browser);
  assert.equal(await other.page.locator(".ai-thread").count(), 0);
  await page.click(".people-head [data-new]");
  await page.click(".ai-guest-note a");
  await page.fill("#login", "guest");
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.waitForURL(`${server.url}/ai`);
  await page.locator(".ai-thread", { hasText: "what do guests ask?" }).locator("a").click();
  await page.waitForURL(thread);
  await page.locator('.ai-turn[data-state="done"]', { hasText: "what do guests ask?" }).waitFor();
  assert.equal(await page.isVisible(".ai-guest-note"), false);
  assert.deepEqual(guest.complaints, []);
});

Deno.test("[W153] a guest sees the picture and saves the slides that were made for him", async () => {
  await using browser = new Profiles();
  const guest = await guestOn(browser);
  const { page } = guest;
  await page.locator(".ai-features label", { hasText: "Picture" }).click();
  await ask(guest, "a red boat");
  await guest.until(`document.querySelector(".ai-picture img")?.naturalWidth === 1024`);
  await page.click(".ai-picture-larger");
  await guest.until(`document.querySelector(".ai-large img")?.naturalWidth === 1024`);
  await page.keyboard.press("Escape");
  await page.locator(".ai-features label", { hasText: "Slides" }).click();
  await ask(guest, "the bicycle");
  await page.locator("a.ai-deck[href]").waitFor();
  const saved = page.waitForEvent("download");
  await page.click("a.ai-deck");
  const download = await saved;
  assert.match(download.suggestedFilename(), /\.pptx$/);
  assert((await Deno.stat(await download.path())).size > 10_000);
  assert.deepEqual(guest.complaints, []);
});

Deno.test("[W153] who takes another name is another guest, with nothing asked yet", async () => {
  await using browser = new Profiles();
  const guest = await guestOn(browser);
  await ask(guest, "under the first name");
  await guest.choose("Change your name");
  await guest.page.fill("#text-dialog-input", "Ann");
  await guest.page.press("#text-dialog-input", "Enter");
  await guest.page.waitForURL(`${server.url}/ai`);
  await guest.page.locator(".ai-blank:visible").waitFor();
  await guest.page.locator("#model option").first().waitFor({ state: "attached" });
  assert.equal(await guest.page.locator(".ai-thread").count(), 0);
});
