import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { overlap, Seam } from "actors/ai/answer/seam.ts";

function join(partial: string, pieces: readonly string[], holdBack = 200): string {
  const seam = new Seam(partial, holdBack);
  return partial + pieces.map((piece) => seam.take(piece)).join("") + seam.end();
}

Deno.test("[AN20] what a continuation repeats of the text before it is cut, however it is cut into pieces", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{3,9}$/), { minLength: 30, maxLength: 60 });
  fc.assert(fc.property(words, fc.nat(), fc.nat(150), fc.nat(), (list, at, back, step) => {
    const whole = list.map((word, n) => `${word}${n}`).join(" ");
    const cut = 1 + at % (whole.length - 1);
    const most = Math.min(cut, back);
    const said = whole.slice(cut - most, cut).replaceAll(" ", "");
    const repeated = most < cut && said.length < 12 ? 0 : most;
    const rest = whole.slice(cut - repeated);
    const size = 1 + step % 17;
    const pieces = Array.from(
      { length: Math.ceil(rest.length / size) },
      (_, n) => rest.slice(n * size, (n + 1) * size),
    );
    strictEqual(join(whole.slice(0, cut), pieces), whole);
  }));
});

Deno.test("[AN19][AN20] however often and wherever continuations break off again, nothing comes twice and nothing is lost", () => {
  const attempts = fc.array(fc.record({ repeats: fc.constantFrom(0, 25, 60), says: fc.nat(120) }), {
    maxLength: 12,
  });
  fc.assert(fc.property(attempts, fc.integer({ min: 1, max: 17 }), (broken, size) => {
    const whole = Array.from({ length: 60 }, (_, n) => `word${n * 7919}`).join(" ");
    let text = "";
    for (const { repeats, says } of [...broken, { repeats: 25, says: whole.length }]) {
      const seam = new Seam(text, 200);
      const from = text === "" ? 0 : Math.max(0, text.length - repeats);
      const said = whole.slice(from, from + says);
      let shown = "";
      for (let at = 0; at < said.length; at += size) shown += seam.take(said.slice(at, at + size));
      text += shown + (from + says >= whole.length ? seam.end() : seam.broken());
      strictEqual(text, whole.slice(0, text.length));
    }
    strictEqual(text, whole);
  }));
});

Deno.test("[AN20] a short repetition is taken for chance", () => {
  strictEqual(join("ha ha", [" ha ha"]), "ha ha ha ha");
  strictEqual(join("hel", ["lo"]), "hello");
  strictEqual(join("other", ["other bright"]), "other bright");
  strictEqual(join("bridge because ", ["because light"]), "bridge because because light");
  strictEqual(overlap("the cat sat", "sat down"), 0);
});

Deno.test("[AN20] of what has few words in it, such as rules and indentation, nothing is taken for a repetition", () => {
  strictEqual(
    join("| a | b |\n| --- | --- | --- ", ["| --- | --- | --- |\n"]),
    "| a | b |\n| --- | --- | --- | --- | --- | --- |\n",
  );
  strictEqual(join("if (a) {\n                ", ["                }\n"]).length, "if (a) {\n".length + 34);
});

Deno.test("[AN20] four Chinese characters are enough to be seen as repeated", () => {
  strictEqual(join("今天天气很好", ["天气很好，我们出去走走"]), "今天天气很好，我们出去走走");
});

Deno.test("[AN20] nothing is shown until enough was held back, and everything afterwards as it comes", () => {
  const seam = new Seam("one two three", 10);
  deepStrictEqual([seam.take("12345"), seam.take("67890"), seam.take("x"), seam.end()], [
    "",
    "1234567890",
    "x",
    "",
  ]);
});

Deno.test("[AN20] where nothing is held back nothing is cut", () => {
  const seam = new Seam("one two three four", 0);
  deepStrictEqual([seam.take("one two three four"), seam.end()], ["one two three four", ""]);
});
