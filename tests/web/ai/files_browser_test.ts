import assert from "node:assert/strict";
import JSZip from "jszip";
import { AskStage } from "./asker.ts";

Deno.test("[W127] a picture is shown with what was asked for, in the place that was kept for it", async () => {
  await using stage = await AskStage.open();
  const { ann, browser } = stage;
  await ann.make("Picture");
  await ann.ask("a red <b>boat</b>");
  const turn = await ann.until("a red", "done");
  const image = turn.locator("img");
  await image.waitFor();
  assert.equal(await image.getAttribute("alt"), "a red <b>boat</b>");
  await ann.visitor.until(`document.querySelector(".ai-picture img")?.naturalWidth === 1024`);
  const box = await turn.locator(".ai-picture").boundingBox();
  assert(box !== null && Math.abs(box.width - box.height) < 1);
  await turn.locator(".ai-picture-larger").click();
  await ann.visitor.until(`document.querySelector(".ai-large img")?.getBoundingClientRect().width > 700`);
  await ann.page.keyboard.press("Escape");
  await ann.page.locator(".ai-large").waitFor({ state: "detached" });
  await ann.page.reload();
  await ann.visitor.until(`document.querySelector(".ai-picture img")?.naturalWidth === 1024`);
  const device = await ann.device(browser, new URL(ann.page.url()).pathname);
  await device.until("a red", "done");
  assert.equal(await device.turn("a red").locator("img").count(), 1);
  // Somebody else may not have it.
  const { status } = await fetch(new URL(await image.getAttribute("src") ?? "", stage.server.url));
  assert.equal(status, 401);
  assert.deepEqual(ann.visitor.complaints, []);
});

Deno.test("[W127] slides say how far they are, and are a file that opens", async () => {
  await using stage = await AskStage.open();
  const { ann } = stage;
  await ann.make("Slides");
  await ann.page.selectOption("#pages", "20");
  const told = ann.visitor.until(`document.querySelector(".ai-turn progress")?.value > 0`);
  await ann.ask("the bicycle");
  await told;
  await ann.until("the bicycle", "done");
  const saved = ann.page.waitForEvent("download");
  await ann.turn("the bicycle").locator("a.ai-deck").click();
  const download = await saved;
  assert.match(download.suggestedFilename(), /\.pptx$/);
  const zip = await JSZip.loadAsync(await Deno.readFile(await download.path()));
  const slides = Object.keys(zip.files).filter((name) => /^ppt\/slides\/slide\d+\.xml$/.test(name));
  assert(slides.length >= 20, `${slides.length} slides`);
  await ann.make("Text");
  await ann.ask("and in words?");
  await ann.until("and in words?", "done");
  assert.equal(await ann.page.locator(".ai-turn").count(), 2);
});
