import assert from "node:assert/strict";
import { Visitor } from "tests/support/browser.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { startServer } from "tests/support/server.ts";
import { Profiles } from "../profiles.ts";
import { Asker, AskStage, words } from "./asker.ts";

/** Controls in sight that have no name of any kind. */
function nameless({ page }: Asker): Promise<string[]> {
  return page.evaluate(`
    [...document.querySelectorAll("a[href], button, input, textarea, select, [tabindex='0'], [role=log]")]
      .filter((element) => element.checkVisibility() && !element.closest("[aria-hidden=true]"))
      .filter((element) => {
        const labels = [...element.labels ?? []].map((label) => label.textContent).join("");
        const words = element.textContent + (element.getAttribute("aria-label") ?? "") + labels;
        return words.trim() === "" || (element.tagName === "SELECT" && labels.trim() === "");
      }).map((element) => element.outerHTML)
  `);
}

Deno.test("[W130] conversations are listed the last one first, opened, gone back to, and forgotten", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const titles = () => ann.page.locator(".ai-thread-title").allTextContents();
  await ann.ask("about apples");
  await ann.until("about apples", "done");
  await ann.page.click(".people-head [data-new]");
  await ann.page.locator(".ai-blank:visible").waitFor();
  assert.equal(new URL(ann.page.url()).pathname, "/ai");
  await ann.ask("about pears");
  await ann.until("about pears", "done");
  await ann.thread("about pears").waitFor();
  assert.deepEqual(await titles(), ["about pears", "about apples"]);
  await ann.thread("about apples").locator("a").click();
  await ann.until("about apples", "done");
  await ann.page.locator(".talk-title", { hasText: "about apples" }).waitFor();
  assert.equal(
    await ann.page.locator('.ai-thread-link[aria-current="page"]').textContent().then((text) =>
      text?.includes("about apples")
    ),
    true,
  );
  await ann.ask("and their trees");
  await ann.until("and their trees", "done");
  await ann.page.locator(".ai-thread").first().filter({ hasText: "about apples" }).waitFor();
  await ann.page.goBack();
  await ann.until("about pears", "done");
  await ann.thread("about pears").hover();
  await ann.thread("about pears").locator(".ai-thread-forget").click();
  await ann.confirm();
  await ann.page.locator(".ai-blank:visible").waitFor();
  await ann.page.reload();
  await ann.thread("about apples").waitFor();
  assert.deepEqual(await titles(), ["about apples"]);
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W131] the page scrolls along at the end, stays where somebody reads, and leads back to the end", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const distance = (): Promise<number> =>
    ann.page.evaluate(`(() => {
      const { scrollHeight, clientHeight, scrollTop } = document.querySelector(".thread-scroll");
      return scrollHeight - clientHeight - scrollTop;
    })()`);
  const top = (): Promise<number> => ann.page.evaluate(`document.querySelector(".thread-scroll").scrollTop`);
  await ann.ask(Array.from({ length: 70 }, (_, n) => `- line ${n}`).join("\n"));
  await ann.untilSays("line 0", "line 5");
  await ann.visitor.until(`document.querySelector(".thread-scroll")?.scrollTop > 0`);
  assert(await distance() < 2, "it is at the end");
  await ann.page.locator(".thread-scroll").hover();
  await ann.page.mouse.wheel(0, -500);
  await ann.page.locator(".jump:visible").waitFor();
  const [before, far] = [await top(), await distance()];
  await ann.until("line 0", "done");
  assert.equal(await top(), before);
  assert(await distance() > far, "more has come below");
  await ann.page.click(".jump");
  await ann.page.locator(".jump").waitFor({ state: "hidden" });
  assert(await distance() < 2);
});

Deno.test("[W132] what to make and the model are chosen, and chosen still when one comes back", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const chosen = () => ann.page.locator(".ai-features input:checked").getAttribute("value");
  assert.equal(await chosen(), "text");
  assert.deepEqual(await ann.page.locator("#model option").allTextContents(), ["echo"]);
  assert.equal(await ann.page.locator("#pages").isVisible(), false);
  await ann.make("Slides");
  await ann.page.locator("#pages").waitFor();
  await ann.make("Picture");
  await ann.page.selectOption("#shape", "1024x768");
  await ann.ask("a wide one");
  await ann.until("a wide one", "done");
  await ann.visitor.until(`document.querySelector(".ai-picture img")?.naturalHeight === 768`);
  await ann.page.reload();
  await ann.ready();
  assert.equal(await chosen(), "image");
});

Deno.test("[W133] three examples are offered where there is nothing yet, and one click asks one", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const examples = ann.page.locator(".ai-example");
  assert.equal(await examples.count(), 3);
  const [text = ""] = await examples.allTextContents();
  await examples.first().click();
  await ann.until(text, "done");
  assert.equal(await ann.page.locator(".ai-blank").isVisible(), false);
  await ann.page.click(".people-head [data-new]");
  await examples.nth(2).click();
  await ann.page.locator("a.ai-deck").waitFor();
});

Deno.test("[W134] on a phone the list and the conversation are two screens, and fit 360 pixels", async () => {
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  await using stage = await AskStage.open(phone);
  const { ann } = stage;
  const fits = async (where: string) => {
    assert.equal(await ann.page.evaluate("document.documentElement.scrollWidth"), 360, where);
    const box = await ann.page.locator(".topbar .account").boundingBox();
    assert(box !== null && box.x + box.width <= 360, `the account's button at ${where}`);
  };
  await fits("the beginning");
  await ann.page.fill(
    "#ask",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n" + "wide".repeat(100) + "\n```\n" + "w".repeat(300),
  );
  await ann.page.tap(".ai-composer [type=submit]");
  await ann.until("wide", "done");
  await fits("an answer");
  for (const what of ["Slides", "Picture"] as const) {
    await ann.make(what);
    await fits(what);
  }
  const box = await ann.page.locator("#ask").boundingBox();
  assert(box !== null && box.y + box.height <= 740);
  assert.equal(await ann.page.locator(".people").isVisible(), false);
  await ann.page.tap(".talk-back");
  await ann.page.locator(".people").waitFor();
  assert.equal(await ann.page.locator(".talk").isVisible(), false);
  await fits("the list");
  await ann.page.locator(".ai-thread a").tap();
  await ann.until("wide", "done");
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W135] without a mouse: ask, stop, ask again, forget; every control has a name, the end is told", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const { keyboard } = ann.page;
  assert.deepEqual(await nameless(ann), []);
  await ann.page.locator("#ask:focus").waitFor();
  await keyboard.insertText(words(200));
  await keyboard.press("Enter");
  await ann.untilSays("word0", "word3");
  const body = ann.turn("word0").locator(".markdown");
  assert.equal(await body.getAttribute("aria-live"), "polite");
  assert.equal(await body.getAttribute("aria-busy"), "true");
  assert.deepEqual(await nameless(ann), []);
  await keyboard.press("Escape");
  await ann.until("word0", "cancelled");
  await ann.page.locator("#announcer", { hasText: "Stopped" }).waitFor({ state: "attached" });
  assert.equal(await body.getAttribute("aria-busy"), "false");
  await ann.turn("word0").locator(".ai-action", { hasText: "Ask again" }).focus();
  await keyboard.press("Enter");
  await ann.page.locator("#ask:focus").waitFor();
  await ann.until("word0", "running");
  await keyboard.press("Escape");
  await ann.until("word0", "cancelled");
  await keyboard.type("hello");
  await keyboard.press("Enter");
  await ann.until("hello", "done");
  await ann.page.locator("#announcer", { hasText: "The answer is complete" }).waitFor({ state: "attached" });
  await ann.page.focus(".ai-features input:checked");
  await keyboard.press("ArrowRight");
  assert.equal(await ann.page.locator(".ai-features input:checked").getAttribute("value"), "image");
  await ann.page.focus(".ai-thread-forget");
  await keyboard.press("Enter");
  await ann.page.locator("#text-dialog[open]").waitFor();
  assert.deepEqual(await nameless(ann), []);
  await ann.page.focus("#text-dialog button[type=submit]");
  await keyboard.press("Enter");
  await ann.page.locator(".ai-blank:visible").waitFor();
});

Deno.test("[W136] a guest is told that asking belongs to an account, and led back with one", async () => {
  await using stage = await AskStage.open();
  const ann = await Visitor.open(stage.browser);
  await ann.page.goto(`${stage.server.url}/ai`);
  await ann.page.locator(".missing [data-register]").click();
  await ann.page.fill("#login", "guest1");
  await ann.page.fill("#password", "correct horse battery");
  await ann.page.press("#password", "Enter");
  await ann.page.locator(".ai-example:not(:disabled)").first().waitFor();
  assert.equal(new URL(ann.page.url()).pathname, "/ai");
  assert.deepEqual(ann.complaints, []);
});

Deno.test("[W140] where there is the built-in model only that is told, with how to add others", async () => {
  await using stage = await AskStage.open();
  await stage.ann.page.locator(".ai-models-note:visible", { hasText: "ops ai key add" }).waitFor();
});

Deno.test("[W132][W140] another model goes before the built-in one, which is asked again with when it is chosen", async () => {
  await using server = await startServer(CHEAP);
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const { status } = await fetch(`${server.url}/v1/ai/keys`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({
      ...{ provider: "echo", label: "one", secret: {} },
      uses: [{ feature: "text", model: "parrot" }],
    }),
  });
  assert.equal(status, 201);
  await using browser = new Profiles();
  const ann = await Asker.open(browser, server.url);
  assert.equal(await ann.page.locator(".ai-models-note").isVisible(), false);
  await ann.ask("who are you?");
  const first = await ann.until("who are you?", "done");
  assert.match(await first.locator(".ai-usage").textContent() ?? "", /^parrot · /);
  await ann.page.selectOption("#model", "echo");
  await first.locator(".ai-action", { hasText: "Ask again" }).click();
  await ann.turn("who are you?").locator(".ai-usage", { hasText: /^echo · / }).waitFor();
  await ann.page.reload();
  await ann.until("who are you?", "done");
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  assert.equal(await ann.page.inputValue("#model"), "echo");
});
