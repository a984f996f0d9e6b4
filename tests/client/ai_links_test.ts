import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { collect, stage, view } from "./support/ai_stage.ts";

/** What the server and the link do; `at` and `text` say where and with what. */
const Move = fc.record({
  what: fc.constantFrom("say", "say", "say", "cut", "lose", "link", "reply", "wait"),
  at: fc.nat(30),
  text: fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
});

Deno.test("[AF72][AF73] however often the link breaks and the text is made anew, what is shown ends as what was said", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(Move, { maxLength: 30 }), async (moves) => {
      const { ai, calls, tell, linked, clock } = stage();
      let [text, attempt, up, answered] = ["", 1, true, 0];
      const answer = ai.ask({ text: "Hello?", id: "A1" });
      const collected = collect(answer);
      const told = (method: string, params: object) => up && tell(method, { attempt, ...params });
      const stands = (from: number, over = false) =>
        view(text.slice(from), { offset: from, attempt, state: over ? "done" : "running" });
      /** What the server has got is answered by how things stand then. */
      const reply = async (over = false) => {
        const call = calls[answered];
        if (!up || call === undefined) return false;
        answered++;
        const from = Math.min(Number(call.params["from"] ?? 0), text.length);
        await call.reply(
          call.method === "ai.ask"
            ? { answer: "A1", merged: false, view: stands(0, over) }
            : stands(from, over),
        );
        return true;
      };
      for (const { what, at, text: more } of moves) {
        switch (what) {
          case "say":
            told("ai.delta", { offset: text.length, text: more });
            text += more;
            break;
          case "cut":
            text = text.slice(0, Math.min(at, text.length));
            attempt++;
            told("ai.resumed", { offset: text.length });
            break;
          case "lose":
            up = false;
            break;
          case "link":
            up = true;
            linked();
            break;
          case "reply":
            await reply();
            break;
          case "wait":
            await clock.advance(1_000);
        }
      }
      told("ai.done", { offset: text.length, state: "done" });
      up = true;
      linked();
      while (await reply(true));
      ok(answer.over);
      equal(answer.text, text);
      equal((await collected).text, text);
      ok(answer.seams.every((seam) => seam > 0 && seam <= text.length));
    }),
    { numRuns: 200 },
  );
});
