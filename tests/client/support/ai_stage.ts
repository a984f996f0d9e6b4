import { AiClient, type AiConnection } from "client/ai/ai_client.ts";
import type { AiAnswer, AiPiece } from "client/mod.ts";
import { BarrageCallError } from "client/mod.ts";
import { Emitter } from "client/emitter.ts";
import type { AnswerView } from "protocol/ai.ts";
import { FakeClock, settle } from "./fake_clock.ts";

interface Asked {
  readonly method: string;
  readonly params: Record<string, unknown>;
  readonly reply: (result: unknown) => Promise<void>;
  readonly fail: (reason: BarrageCallError["reason"]) => Promise<void>;
}

/** The server's end, played by the test. */
export function stage() {
  const events = new Emitter<{ ai: [string, unknown]; linked: []; state: [never] }>();
  const calls: Asked[] = [];
  const clock = new FakeClock();
  const connection = {
    on: events.on.bind(events),
    call: (method: string, params: Record<string, unknown>) =>
      new Promise((resolve, reject) => {
        calls.push({
          ...{ method, params },
          reply: async (result) => {
            resolve(result);
            await settle();
          },
          fail: async (reason) => {
            reject(new BarrageCallError(reason, reason));
            await settle();
          },
        });
      }),
  } as unknown as AiConnection;
  const ai = new AiClient(connection, () => ({ clock, random: () => 0.5 }));
  return {
    ai,
    calls,
    clock,
    tell: (method: string, params: object) => events.emit("ai", method, { answer: "A1", ...params }),
    linked: () => events.emit("linked"),
    closed: () => events.emit("state", { status: "closed", code: 1000, reason: "over" } as never),
    last: () => calls.at(-1)!,
  };
}

export function view(text: string, more: Partial<AnswerView> = {}): AnswerView {
  return {
    ...{
      answer: "A1",
      feature: "text",
      model: "m1",
      state: "running",
      attempt: 1,
      offset: 0,
      text,
      askedAt: 0,
    },
    ...more,
  };
}

export const asked = (text: string, more: Partial<AnswerView> = {}) => ({
  answer: "A1",
  merged: false,
  view: view(text, more),
});

export async function asking(text = "") {
  const site = stage();
  const answer = site.ai.ask({ text: "Hello?", id: "A1" });
  await site.last().reply(asked(text));
  return { ...site, answer };
}

export async function collect(answer: AiAnswer): Promise<{ text: string; pieces: AiPiece[] }> {
  const pieces: AiPiece[] = [];
  let text = "";
  for await (const piece of answer) {
    pieces.push(piece);
    text = text.slice(0, piece.offset) + piece.text;
  }
  return { text, pieces };
}
