import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { startServer } from "tests/support/server.ts";
import { Peer } from "./talker.ts";
import { Profiles } from "../profiles.ts";

const AT_ONCE = 50;
const SCROLLING = fileURLToPath(new URL("./scrolling.js", import.meta.url));

interface Seen {
  readonly most: number;
  readonly jumps: number;
  readonly slowestMs: number;
  readonly steps: number;
  readonly found: boolean;
}

async function times(count: number, act: (n: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => act(from + i + 1)));
  }
}

async function signedIn(visitor: Visitor, url: string, login: string) {
  await visitor.page.addInitScript({ path: SCROLLING });
  await visitor.page.goto(`${url}/login?returnTo=/chat`);
  await visitor.signIn(login);
  await visitor.page.locator(".talks:not([data-loading])").waitFor();
  return visitor.page;
}

Deno.test("[W91] of 1,000 conversations only those in sight are in the page, and each is found", async () => {
  await using server = await startServer({ ...CHEAP, CALLS_BURST: 10_000 });
  await using browser = new Profiles();
  using ann = await Peer.open(server.url, "ann");
  await times(1_000, (n) => ann.barrage.call("chat.create", { id: `g${n}`, title: `Group number ${n}.` }));
  const page = await signedIn(await Visitor.open(browser), server.url, "ann");
  const rows = page.locator(".row");
  await rows.nth(8).waitFor();
  assert.equal(await page.locator(".row-box").first().getAttribute("aria-setsize"), "1000");
  const most: number = await page.evaluate("lookThrough()");
  assert(most > 8 && most < 40, `${most} rows in the page`);
  assert.equal(await page.locator('.row-box[aria-posinset="1000"]').count(), 1);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("number 777.");
  await page.keyboard.press("Enter");
  await page.locator(".talk-title", { hasText: "Group number 777." }).waitFor();
  assert.equal(await rows.count(), 1);
});

Deno.test("[W91] 5,000 messages are read to the first with at most 160 in the page, which stays where it is, and back", async () => {
  await using server = await startServer({ ...CHEAP, CHAT_BURST: 10_000, CALLS_BURST: 10_000 });
  await using browser = new Profiles();
  using ann = await Peer.open(server.url, "ann");
  const { id } = await ann.chat.createGroup({ title: "Long story" });
  await times(
    5_000,
    (n) => ann.barrage.call("chat.send", { conversation: id, id: `m${n}`, text: `line ${n}.` }),
  );
  const visitor = await Visitor.open(browser);
  const page = await signedIn(visitor, server.url, "ann");
  await page.locator(".row", { hasText: "Long story" }).click();
  await page.locator(".line", { hasText: "line 5000." }).waitFor();
  const seen: Seen = await page.evaluate('readUpTo("made the group", 120_000)');
  assert(seen.found, "the first message was not reached");
  assert(seen.most <= 160, `${seen.most} messages in the page`);
  assert.equal(seen.jumps, 0, `${seen.jumps} jumps in ${seen.steps} steps`);
  await page.locator(".jump").click();
  await page.locator(".line", { hasText: "line 5000." }).waitFor();
  await page.locator(".jump").waitFor({ state: "hidden" });
  assert.deepEqual(visitor.complaints, []);
});
