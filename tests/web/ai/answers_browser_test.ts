import assert from "node:assert/strict";
import { AskStage, Crowd, words } from "./asker.ts";

/** No answer takes longer than 5 s. */
const SHORT = {
  AI_ANSWER_MAX_SECONDS: 5,
  AI_WAIT_MAX_SECONDS: 5,
  AI_FIRST_TOKEN_SECONDS: 5,
  AI_IDLE_SECONDS: 5,
};

Deno.test("[W120] an answer comes word by word below its question, at an address of its own", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const question = words(100);
  await ann.ask(question);
  await ann.untilSays("word0", "word3");
  const begun = await ann.says("word0");
  assert(!begun.includes("word99"), "it is there at once");
  assert.equal(await ann.page.inputValue("#ask"), "");
  assert.match(new URL(ann.page.url()).pathname, /^\/ai\/[0-9A-Z]{26}$/);
  const turn = await ann.until("word0", "done");
  assert.equal(await ann.says("word0"), `You said: ${question}`);
  assert.match(await turn.locator(".ai-usage").textContent() ?? "", /^echo · .*tokens? · \d+\.\d s$/);
  await ann.page.fill("#ask", "two lines");
  await ann.page.press("#ask", "Shift+Enter");
  await ann.page.keyboard.type("in one");
  await ann.page.keyboard.press("Enter");
  await ann.until("two lines", "done");
  assert.equal(await ann.turn("two lines").locator(".ai-question").textContent(), "two lines\nin one");
  assert.equal(await ann.page.locator(".ai-turn").count(), 2);
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W121] markup in an answer is text, its links lead out only, and nothing is loaded from elsewhere", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  const loaded: string[] = [];
  ann.page.on("request", (request) => loaded.push(request.url()));
  await ann.ask([
    "<img src=x onerror=\"document.title='gone'\"><script>document.title='gone'</script>",
    "[good](https://example.org/a) [bad](javascript:document.title='gone') [data](data:text/html,x) [mail](mailto:a@b.example) a@b.example",
    "![picture](https://elsewhere.example/p.png) <https://auto.example> https://bare.example",
    "<iframe src='https://elsewhere.example'></iframe>",
    "- one\n- **two**",
    "| a | b |\n|---|---|\n| 1 | <b>2</b> |",
    "```html\n<b>code</b>\n```",
  ].join("\n\n"));
  await ann.until("onerror", "done");
  const answer = ann.turn("onerror").locator(".markdown");
  assert.equal(await answer.locator("img, script, iframe, b").count(), 0);
  assert.equal(await answer.locator("table td").nth(1).textContent(), "<b>2</b>");
  assert.equal(await answer.locator(".code-block pre").textContent(), "<b>code</b>");
  assert.equal(await answer.locator("ul li strong").textContent(), "two");
  const links = await answer.locator("a").evaluateAll((links) =>
    links.map((link) => [link.getAttribute("href"), link.getAttribute("rel"), link.getAttribute("target")])
  );
  assert.deepEqual(links.map(([href]) => href), [
    "https://example.org/a",
    "https://elsewhere.example/p.png",
    "https://auto.example",
    "https://bare.example",
  ]);
  assert(links.every(([, rel, target]) => rel?.includes("noreferrer") && target === "_blank"));
  assert((await answer.textContent())?.includes("onerror="));
  assert(!(await ann.page.title()).startsWith("gone"));
  assert.deepEqual(loaded.filter((url) => url.includes(".example")), []);
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W122] code that grows stays the same element, where something may be selected, and is copied whole", async () => {
  await using stage = await AskStage.open({ permissions: ["clipboard-read", "clipboard-write"] });
  const { ann } = stage;
  await ann.ask(`see\n\n\`\`\`ts\n${words(150)}\n\`\`\`\n\nand **so**`);
  const code = ann.turn("word0").locator(".code-block");
  await code.locator("code", { hasText: "word3" }).waitFor();
  assert(!(await code.textContent())?.includes("word149"), "it is still coming");
  await code.evaluate((element) => element.setAttribute("data-seen", ""));
  await ann.until("word0", "done");
  assert.equal(await ann.turn("word0").locator(".code-block[data-seen] code").textContent(), words(150));
  assert.equal(await ann.turn("word0").locator(".markdown strong").textContent(), "so");
  await code.locator("button").click();
  await ann.page.locator(".toast", { hasText: "Copied" }).waitFor();
  assert.equal(await ann.page.evaluate("navigator.clipboard.readText()"), words(150));
});

Deno.test("[W123] who waits for a model sees the place, and the answer when it is free", async () => {
  await using stage = await AskStage.alone();
  const { ann } = stage;
  using crowd = await Crowd.open(stage.server.url);
  // The built-in keys do four at a time.
  await crowd.ask(5, 1_500);
  await ann.ask("am I next?");
  const turn = await ann.until("am I next?", "waiting");
  await turn.locator(".ai-progress", { hasText: /^You are (next|number 2)/ }).waitFor();
  await crowd.leave();
  await ann.until("am I next?", "done");
  assert.equal(await ann.says("am I next?"), "You said: am I next?");
});

Deno.test("[W124] Stop keeps what was said, asking again replaces it, and copy takes it along", async () => {
  await using stage = await AskStage.open({ permissions: ["clipboard-read", "clipboard-write"] });
  const { ann } = stage;
  await ann.ask(words(400));
  await ann.untilSays("word0", "word5");
  await ann.page.click(".ai-stop");
  const stopped = await ann.until("word0", "cancelled");
  await stopped.locator(".ai-ending", { hasText: "Stopped" }).waitFor();
  const kept = await ann.says("word0");
  assert(kept.includes("word5") && !kept.includes("word399"));
  await stopped.locator(".ai-action", { hasText: "Copy" }).click();
  await ann.page.locator(".toast", { hasText: "Copied" }).waitFor();
  assert.equal(await ann.page.evaluate("navigator.clipboard.readText()"), kept);
  const id = await stopped.getAttribute("data-answer");
  await stopped.locator(".ai-action", { hasText: "Ask again" }).click();
  await ann.page.locator(`.ai-turn:not([data-answer="${id}"])[data-state="running"]`).waitFor();
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  // Escape stops as the button does.
  await ann.page.press("#ask", "Escape");
  await ann.until("word0", "cancelled");
  await ann.page.reload();
  await ann.until("word0", "cancelled");
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  assert.notEqual(await ann.turn("word0").getAttribute("data-answer"), id);
});

Deno.test("[W125] an answer that failed says why, keeps its text, and can be tried again", async () => {
  await using stage = await AskStage.alone(SHORT);
  const { ann } = stage;
  await ann.ask(words(600));
  const failed = await ann.until("word0", "failed");
  await failed.locator(".ai-ending[role=alert]", { hasText: "It took too long" }).waitFor();
  assert.match(await ann.says("word0"), /word20 /);
  await failed.locator(".ai-action", { hasText: "Try again" }).click();
  await ann.until("word0", "running");
  assert.equal(await ann.page.locator(".ai-turn").count(), 1);
  assert.equal(await ann.page.locator(".ai-ending:visible").count(), 0);
});
