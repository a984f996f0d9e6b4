import { deepEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { checkPattern, checkSubject, SUBJECT_MAX, SubjectTree } from "actors/bus/subjects.ts";

const token = fc.constantFrom("a", "b", "c");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc.tuple(
  fc.array(fc.oneof(token, fc.constant("*")), { minLength: 1, maxLength: 4 }),
  fc.boolean(),
).map(([tokens, rest]) => [...tokens, ...(rest ? [">"] : [])].join("."));

/** The same meaning, written as a regular expression. */
function matches(pattern: string, subject: string): boolean {
  const source = pattern.split(".").map((part) => part === "*" ? "[^.]+" : part === ">" ? ".+" : part).join(
    "\\.",
  );
  return new RegExp(`^${source}$`).test(subject);
}

Deno.test("[B5] the tree finds exactly the patterns that match, whatever was added and removed", () => {
  fc.assert(fc.property(fc.array(fc.tuple(pattern, fc.boolean())), subject, (patterns, subject) => {
    const tree = new SubjectTree<number>();
    patterns.forEach(([pattern], index) => tree.add(pattern, index));
    patterns.forEach(([pattern, kept], index) => kept || tree.delete(pattern, index));
    const expected = patterns.flatMap(([pattern, kept], index) =>
      kept && matches(pattern, subject) ? [index] : []
    );
    deepEqual(tree.match(subject).sort((a, b) => a - b), expected);
  }));
});

Deno.test("[B5] deleting what was never added changes nothing", () => {
  const tree = new SubjectTree<string>();
  tree.add("a.b", "kept");
  tree.delete("a.b", "other");
  tree.delete("a.b.c", "kept");
  tree.delete("z", "kept");
  deepEqual(tree.match("a.b"), ["kept"]);
});

Deno.test("[B13] subjects and patterns are bounded", () => {
  const longest = "a".repeat(SUBJECT_MAX);
  checkSubject(longest);
  checkPattern(longest);
  throws(() => checkSubject(`${longest}a`), /more than 1024 characters/);
  throws(() => checkPattern(`${longest}a`), /more than 1024 characters/);
});
