import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { Profiles } from "./profiles.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Tries a route in the page, and returns what the server said. */
async function tried(page: Page, method: string, path: string): Promise<{ status: string; body: string }> {
  await page.goto(`${server.url}/docs`);
  const route = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
  await route.locator(".opblock-summary-control").first().click();
  await route.locator(".execute").click();
  const live: Locator = route.locator(".live-responses-table .response");
  await live.waitFor();
  return {
    status: (await live.locator(".response-col_status").textContent() ?? "").trim(),
    body: await live.locator(".highlight-code").first().textContent() ?? "",
  };
}

Deno.test("[W145] every route is listed, and tried as a guest or as the member who is at the page", async () => {
  await using browser = new Profiles();
  const ann = await Visitor.open(browser);
  const guest = await tried(ann.page, "get", "/v1/account");
  assert.match(guest.status, /^403/);
  const listed = await ann.page.locator(".opblock").count();
  const { paths } = await (await fetch(`${server.url}/v1/openapi.json`)).json();
  const routes = Object.values<object>(paths).flatMap((path) => Object.keys(path));
  assert.equal(listed, routes.filter((key) => /^(get|put|post|patch|delete)$/.test(key)).length);
  await ann.register(server.url, "ann");
  const member = await tried(ann.page, "get", "/v1/account");
  assert.match(member.status, /^200/);
  assert.match(member.body, /"login": "ann"/);
  assert.equal(await ann.page.locator(".curl-command", { hasText: "Authorization" }).count(), 0);
});

Deno.test("[W145] the page is as dark as the others, and fits a phone 360 pixels wide", async () => {
  await using browser = new Profiles();
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  const ann = await Visitor.open(browser, { ...phone, colorScheme: "dark" });
  await ann.page.goto(`${server.url}/docs`);
  await ann.page.locator(".opblock").first().waitFor();
  assert.equal(await ann.page.evaluate("document.documentElement.scrollWidth"), 360);
  await ann.page.locator("html.dark-mode").waitFor();
  await ann.page.click("#theme");
  await ann.page.locator("html:not(.dark-mode)").waitFor();
  assert.deepEqual(ann.complaints, []);
});
