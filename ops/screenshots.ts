import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { Audience } from "./screenshots/audience.ts";
import { openAccount } from "./screenshots/member.ts";
import { askAround, askForSlides, Model } from "./screenshots/model.ts";
import { StageServer } from "./screenshots/stage_server.ts";
import { talk, type Talkers } from "./screenshots/talkers.ts";

const OUT = new URL("../docs/images/", import.meta.url).pathname;
const DESK = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.1 };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const ROOMS = [
  { title: "Northern lights over Tromsø", viewers: 128 },
  { title: "深夜歌会 · 点歌台", viewers: 64 },
  { title: "Cup final, second half", viewers: 96 },
  { title: "Lo-fi desk: code with me", viewers: 31 },
  { title: "周末电影院：老片重温", viewers: 47 },
  { title: "Piano requests", viewers: 12 },
] as const;

async function shoot(
  browser: Browser,
  name: string,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await act(page);
  await page.screenshot({ path: `${OUT}${name}.png` });
  await context.close();
  console.log(`${name}.png ${Math.round((await Deno.stat(`${OUT}${name}.png`)).size / 1_024)} KB`);
}

/** A viewer who has been there long enough for the picture to fill, and says something. */
async function watch(page: Page, room: string, text: string, cheer: (text: string) => void): Promise<void> {
  await page.addInitScript(
    `localStorage.setItem("barrage.display", '{"on":true,"area":0.5,"opacity":0.92,"size":1}')`,
  );
  await page.goto(room);
  await page.locator('.pill[data-status="live"]').waitFor();
  await page.waitForTimeout(5_200);
  cheer("666");
  await page.waitForTimeout(1_300);
  cheer("前方高能");
  await page.waitForTimeout(500);
  await page.fill("#say", text);
  await page.press("#say", "Enter");
  await page.locator(".line.own").first().waitFor();
  await page.waitForTimeout(2_600);
  await page.locator("#say").blur();
}

await Deno.mkdir(OUT, { recursive: true });
await using server = await StageServer.start();
const audiences: Audience[] = [];
for (const [i, room] of ROOMS.toReversed().entries()) {
  audiences.unshift(await Audience.gather(server.url, { ...room, from: i * 7 + 3 }));
}
const main = audiences[0]!;
const room = `${server.url}/rooms/${main.roomId}`;
main.talk(6);
const cheer = (text: string) => main.cheer(text);
await using browser = await chromium.launch({
  executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
  ],
});
await shoot(
  browser,
  "live-room-dark",
  { ...DESK, colorScheme: "dark" },
  (page) => watch(page, room, "这极光绝了 unreal", cheer),
);
await shoot(
  browser,
  "live-room-light",
  { ...DESK, colorScheme: "light" },
  (page) => watch(page, room, "hello from Porto", cheer),
);
await shoot(
  browser,
  "live-room-phone",
  { ...PHONE, colorScheme: "dark" },
  (page) => watch(page, room, "在地铁上看也好看", cheer),
);
await shoot(browser, "lobby", { ...DESK, colorScheme: "dark" }, async (page) => {
  await page.goto(server.url);
  await page.locator(".room-card").nth(5).waitFor();
  await page.waitForTimeout(9_000);
});
await shoot(browser, "sign-in", { ...DESK, colorScheme: "dark" }, async (page) => {
  await page.goto(`${server.url}/login`);
  await page.locator(".provider").waitFor();
  await page.waitForTimeout(500);
});
/** Her session, for the pictures after the first. */
let zoe: Awaited<ReturnType<BrowserContext["storageState"]>> | undefined;
await shoot(browser, "account", { ...DESK, colorScheme: "light" }, async (page) => {
  await openAccount(page, server.url);
  await page.locator("#removal").scrollIntoViewIfNeeded();
  zoe = await page.context().storageState();
});
const signedIn = { ...DESK, locale: "en-GB", ...(zoe !== undefined && { storageState: zoe }) };
let talked = "";
let talkers: Talkers | undefined;
await shoot(browser, "chat-dark", { ...signedIn, colorScheme: "dark" }, async (page) => {
  const account = await (await page.context().request.get(`${server.url}/v1/account`)).json();
  talkers = await talk(page, server.url, account);
  talked = page.url();
  await page.locator("#write").blur();
});
await shoot(browser, "chat-light", { ...signedIn, colorScheme: "light" }, async (page) => {
  await page.goto(`${server.url}/chat`);
  await page.locator(".row", { hasText: "Northern" }).click();
  await page.locator(".bubble").nth(4).waitFor();
  await page.click(".talk-who");
  await page.locator(".member").nth(5).waitFor();
  await page.waitForTimeout(500);
});
await shoot(browser, "chat-phone", { ...signedIn, ...PHONE, colorScheme: "dark" }, async (page) => {
  await page.goto(talked);
  await page.locator(".bubble").nth(4).waitFor();
  await page.waitForTimeout(500);
});
talkers?.[Symbol.dispose]();
await using model = new Model();
await model.connect(server.url, (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim());
let asked = "";
await shoot(browser, "ai", { ...signedIn, colorScheme: "light" }, async (page) => {
  await askAround(page, server.url);
  asked = page.url();
  await page.locator("#ask").blur();
  await page.waitForTimeout(500);
});
await shoot(browser, "ai-phone", { ...signedIn, ...PHONE, colorScheme: "dark" }, async (page) => {
  await askForSlides(page, asked);
  await page.locator("#ask").blur();
  await page.waitForTimeout(500);
});
for (const audience of audiences) audience[Symbol.dispose]();
