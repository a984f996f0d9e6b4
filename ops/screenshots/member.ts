import type { Page } from "playwright-core";

const PASSWORD = "correct horse battery";

/** Where else she is signed in: device, and address by which the server knows the region. */
const ELSEWHERE = [
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
    "198.51.100.23",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "203.0.113.80"],
] as const;

/** Makes an account at the page, and goes to where it is shown. */
export async function openAccount(page: Page, url: string): Promise<void> {
  await page.setExtraHTTPHeaders({ "x-forwarded-for": "203.0.113.7" });
  await page.goto(`${url}/register`);
  await page.fill("#name", "Zoë 阿喵");
  await page.fill("#login", "zoe");
  await page.fill("#password", PASSWORD);
  await page.press("#password", "Enter");
  await page.waitForURL(`${url}/`);
  for (const [device, address] of ELSEWHERE) await signInFrom(url, device, address);
  await page.goto(`${url}/account`);
  await page.fill("#profile-bio", "Piano at night, requests welcome. 深夜钢琴，欢迎点歌。");
  await page.click("#profile button[type=submit]");
  await page.locator("#sessions .row").nth(ELSEWHERE.length).waitFor();
}

async function signInFrom(url: string, device: string, address: string): Promise<void> {
  const response = await fetch(`${url}/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": device, "x-forwarded-for": address },
    body: JSON.stringify({ login: "zoe", password: PASSWORD, transport: "body" }),
  });
  if (!response.ok) throw new Error(`Cannot sign in for the pictures: ${await response.text()}`);
  await response.body?.cancel();
}
