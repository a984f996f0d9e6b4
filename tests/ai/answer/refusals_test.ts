import { throws } from "node:assert/strict";
import { authorize } from "actors/ai/answer/permissions.ts";
import type { AnswerVerb } from "actors/ai/answer/definition.ts";
import type { Caller } from "actors/runtime/caller.ts";

const user = { id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", name: "Ann" };
const guest: Caller = { kind: "user", user, standing: "guest", session: user.id };
const program: Caller = { kind: "service", user, scopes: ["rooms"] };

Deno.test("[AF48] whoever may not ask, or has asked for no such answer, is told why", () => {
  const cases: [AnswerVerb, Caller, string][] = [
    ["ask", guest, "guests may not"],
    ["ask", program, "the key lacks the scope ai"],
    ["follow", guest, "you have asked for no such answer"],
    ["cancel", program, "you have asked for no such answer"],
    ["pieces", guest, "not allowed for this caller"],
  ];
  for (const [verb, caller, why] of cases) {
    throws(() => authorize(verb, caller, false, false), {
      reason: "forbidden",
      message: `Cannot call answer.${verb}: ${why}`,
    });
  }
});
