import assert from "node:assert/strict";
import type { AnswerView } from "protocol/ai.ts";
import type { AiTurn } from "protocol/ai_methods.ts";
import { mergeTurns, type Merging } from "../../../web/ai/talk/merge_turns.ts";
import type { Turn } from "../../../web/ai/talk/turn.ts";

function view(answer: string): AnswerView {
  return {
    ...{
      answer,
      feature: "text",
      model: "echo",
      state: "done",
      attempt: 1,
      offset: 0,
      text: answer,
      askedAt: 1,
    },
  };
}

function stored(...ids: string[]): AiTurn[] {
  return ids.map((id, index) => ({ seq: index + 1, question: `ask ${id}`, answer: view(id) }));
}

function settled(id: string): Turn {
  return { id, question: `ask ${id}`, asked: { status: "settled", view: view(id) } };
}

function asking(id: string): Turn {
  return { id, question: `ask ${id}`, asked: { status: "asking" } };
}

function merge(merging: Partial<Merging> & Pick<Merging, "shown" | "stored">): readonly Turn[] {
  const rest = { fromStart: true, replaced: new Set<string>(), young: new Set<string>() };
  return mergeTurns({ ...rest, ...merging }, ({ answer }) => settled(answer.answer));
}

function ids(turns: readonly Turn[]): string[] {
  return turns.map(({ id }) => id);
}

Deno.test("[W139] what is new comes behind, what is gone goes, and what stays is the same object", () => {
  const shown = [settled("a"), settled("b")];
  const merged = merge({ shown, stored: stored("b", "c") });
  assert.deepEqual(ids(merged), ["b", "c"]);
  assert.equal(merged[0], shown[1]);
});

Deno.test("[W139] what is on its way, was refused, or came after the look, stays behind what the server has", () => {
  const refused: Turn = { ...asking("y"), asked: { status: "refused", error: new Error("no") } };
  const shown = [settled("a"), refused, asking("x"), settled("new")];
  assert.deepEqual(ids(merge({ shown, stored: stored("a"), young: new Set(["new"]) })), [
    "a",
    "y",
    "x",
    "new",
  ]);
});

Deno.test("[W139] what was asked and is stored by now is there once", () => {
  const merged = merge({ shown: [settled("a"), asking("x")], stored: stored("a", "x") });
  assert.deepEqual(ids(merged), ["a", "x"]);
  assert.equal(merged[1]?.asked.status, "settled");
});

Deno.test("[W139] an answer that is asked for again does not come back with a look from before", () => {
  const shown = [settled("a"), asking("b2")];
  assert.deepEqual(ids(merge({ shown, stored: stored("a", "b"), replaced: new Set(["b"]) })), ["a", "b2"]);
});

Deno.test("[W139] what was loaded from before the page stays above it, unless the page has all", () => {
  const shown = [settled("1"), settled("2"), settled("3")];
  assert.deepEqual(ids(merge({ shown, stored: stored("3", "4"), fromStart: false })), ["1", "2", "3", "4"]);
  assert.deepEqual(ids(merge({ shown, stored: stored("3", "4") })), ["3", "4"]);
});
