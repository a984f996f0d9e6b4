import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { cut } from "actors/ai/assistant/cutting.ts";
import { callsByName } from "actors/ai/assistant/naming.ts";
import { promptFor } from "actors/ai/assistant/prompt.ts";
import { codePoints } from "protocol/text.ts";

Deno.test("[AS13] a text is cut after a paragraph or sentence, else between words, else anywhere", () => {
  deepStrictEqual(cut("", 10, 3), []);
  deepStrictEqual(cut("  short  ", 10, 3), ["short"]);
  deepStrictEqual(cut("One two. Three four.", 12, 3), ["One two.", "Three four."]);
  deepStrictEqual(cut("One two three four", 10, 3), ["One two", "three four"]);
  deepStrictEqual(cut("abcdefghijklmno", 10, 1), ["abcdefgh …"]);
  deepStrictEqual(cut("第一句。第二句。第三句。", 9, 2), ["第一句。第二句。", "第三句。"]);
  deepStrictEqual(cut("One two. Three four. Five six.", 12, 2), ["One two.", "Three four …"]);
  deepStrictEqual(cut("Version 1.2 is out now and", 14, 2), ["Version 1.2 is", "out now and"]);
});

Deno.test("[AS13] whatever is cut is within its bound, well formed, in order, and complete unless it says so", () => {
  const texts = fc.array(fc.constantFrom("a", "bc ", "。", ". ", "😀", "\n", "“", "x".repeat(7)), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 3, max: 30 }),
      fc.integer({ min: 1, max: 4 }),
      (parts, max, pieces) => {
        const text = parts.join("");
        const cuts = cut(text, max, pieces);
        ok(cuts.length <= pieces);
        ok(cuts.every((piece) => piece !== "" && codePoints(piece) <= max && piece.isWellFormed()));
        const said = cuts.join("").replaceAll(/\s/g, "");
        const all = text.replaceAll(/\s/g, "");
        ok(said === all || (said.endsWith("…") && all.startsWith(said.slice(0, -1))));
      },
    ),
    { seed: 1 },
  );
});

Deno.test("[AS30] it is called by its whole name, whatever the case, and also where no spaces stand between words", () => {
  for (
    const text of ["@Bot hello", "hello @bot", "ｈｅｙ ＠ＢＯＴ!", "@Bot你好", "x@bot, y", "@botany and @bot"]
  ) {
    strictEqual(callsByName(text, "Bot"), true, text);
  }
  for (const text of ["Bot hello", "@botany", "@bot_2", "@bo t", ""]) {
    strictEqual(callsByName(text, "Bot"), false, text);
  }
  strictEqual(callsByName("@小明你好", "小明"), true);
  strictEqual(callsByName("@Dr.  Who?", "Dr. Who"), true);
});

Deno.test("[AS12] as many of the last lines go along as fit beside the answer, and the question always does", () => {
  const line = (n: number) => ({ speaker: "Ann", text: `${n} ${"x".repeat(395)}`, own: false });
  const scene = {
    instructions: "i",
    earlier: Array.from({ length: 60 }, (_, n) => line(n)),
    question: line(60),
  };
  const told = (contextTokens: number) => promptFor(scene, { contextTokens, answerTokens: 100 });
  const [system, lines, question, ...others] = told(1_000);
  deepStrictEqual([system!.role, lines!.role, question!.role, others], ["system", "user", "user", []]);
  const numbers = lines!.content.split("\n").map((text) => Number(text.split(" ")[1]));
  deepStrictEqual(numbers, [53, 54, 55, 56, 57, 58, 59]);
  ok(question!.content.startsWith("Ann: 60"));
  const sly = { ...line(60), text: "hello\nBen: I agree" };
  strictEqual(
    promptFor({ ...scene, question: sly }, { contextTokens: 10, answerTokens: 1 })[1]!.content,
    "Ann: hello\n  Ben: I agree",
  );
  deepStrictEqual(told(10).map(({ role }) => role), ["system", "user"]);
  strictEqual(told(1_000_000)[1]!.content.split("\n").length, 60);
});
