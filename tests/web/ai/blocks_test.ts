import assert from "node:assert/strict";
import fc from "fast-check";
import { lexer, type Tokens } from "marked";
import { Blocks } from "../../../web/ai/markdown/blocks.ts";

const PIECES = [
  ...["# Title\n\n", "words and ", "more\n", "\n", "- one\n", "- two\n\n", "  - in it\n", "1. first\n"],
  ...["```ts\n", "let a = 1;\n", "```\n\n", "> said\n", "| a | b |\n|---|---|\n", "| 1 | 2 |\n", "***\n"],
  ...[
    "**bold",
    "** ",
    "`code",
    "` ",
    "<b>",
    "[link](https://a.example)",
    "    indented\n",
    "***",
    "\t",
    "\r\n",
  ],
];

function raws(tokens: readonly { readonly raw: string }[]): string[] {
  return tokens.map(({ raw }) => raw);
}

Deno.test("[W122] a text that comes piece by piece looks in the end as if it had been read at once", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }), (pieces) => {
    const blocks = new Blocks();
    let text = "";
    for (const piece of pieces) blocks.of(text += piece, false);
    assert.deepEqual(blocks.of(text, true), [...lexer(text)]);
  }));
});

Deno.test("[W122] paragraphs that stand are the same, and only the end is read again", () => {
  const blocks = new Blocks();
  const text = Array.from({ length: 50 }, (_, n) => `Paragraph ${n} with some words.\n\n`).join("");
  let before = blocks.of(text, false);
  for (const word of ["and ", "one ", "more ", "paragraph.\n\n", "Another."]) {
    const now = blocks.of(raws(before).join("") + word, false);
    const same = now.filter((token) => before.includes(token)).length;
    assert(same >= before.length - 4, `${same} of ${before.length} are the same`);
    before = now;
  }
  assert.equal(before.filter(({ type }) => type === "paragraph").length, 52);
});

Deno.test("[W122] a text that is taken back is read anew", () => {
  const blocks = new Blocks();
  blocks.of("one\n\ntwo\n\nthree\n\nfour\n\nfive\n\n", false);
  blocks.of("one\n\ntwo\n\nthree\n\nfour\n\nfive\n\nsix", false);
  assert.deepEqual(raws(blocks.of("one\n\nanother", false)), ["one", "\n\n", "another"]);
});

Deno.test("[W141] paragraphs longer than 4,000 characters stay as they are written, those beside them do not", () => {
  for (const long of ["_a_".repeat(10_000), `${"a".repeat(32_000)}@`, "**a_b`c[".repeat(4_000)]) {
    const [first, , second] = new Blocks().of(`some **bold** words\n\n${long}`, true) as Tokens.Paragraph[];
    assert.deepEqual(first?.tokens.map(({ type }) => type), ["text", "strong", "text"]);
    assert.deepEqual(second?.tokens, [{ type: "plain", raw: long }]);
  }
});

Deno.test("[W141] what is in one another deeper than anybody reads stays as it is written, before and at its end", () => {
  for (const deep of [">".repeat(5_000), "> ".repeat(5_000), "1. ".repeat(5_000), "- ".repeat(5_000)]) {
    const blocks = new Blocks();
    blocks.of("> said\n\n", false);
    const text = `> said\n\n${deep}word`;
    assert.equal(raws(blocks.of(text, false)).join(""), text);
    assert.deepEqual(blocks.of(text, true), [{ type: "plain", raw: text }]);
  }
  const three = "> > > said, with\n\n------------------------------\n\n- 1. - a list";
  assert(new Blocks().of(three, true).every(({ type }) => type !== "plain"));
});
