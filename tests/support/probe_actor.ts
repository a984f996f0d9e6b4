import { z } from "zod";
import type { Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Text = z.object({ text: z.string() });
const Answer = z.object({ text: z.string() });

/** An actor whose every move the test writes down or holds back. */
export const probeActor = defineActor({
  kind: "probe",
  placement: "shard",
  key: z.string(),
  verbs: {
    say: { input: Text, output: Answer },
    note: { input: Text, output: Answer },
    gather: { input: Text, output: Answer, batched: 10 },
    bell: { input: Text, output: Answer, reserved: true },
  },
});

export type ProbeVerbs = typeof probeActor["verbs"];
type ProbeCall = Call<{ text: string }, { text: string }>;

export interface ProbeScript {
  say?: (text: string, turn: Turn, self: Self) => unknown;
  gather?: (calls: readonly ProbeCall[], turn: Turn, self: Self) => void | Promise<void>;
  activate?: (self: Self) => void | Promise<void>;
  passivate?: (self: Self) => void | Promise<void>;
}

export class ProbeLog {
  readonly lines: string[] = [];
  #open = 0;
  /** The most turns of one actor seen at once. */
  overlap = 0;
  births = 0;

  enter(): void {
    this.#open++;
    this.overlap = Math.max(this.overlap, this.#open);
  }

  leave(): void {
    this.#open--;
  }
}

export function probeFactory(log: ProbeLog, script: ProbeScript = {}): Factory<ProbeVerbs> {
  return (self) => {
    log.births++;
    const one = async ({ text }: { text: string }, turn: Turn) => {
      log.enter();
      try {
        log.lines.push(text);
        const result = script.say?.(text, turn, self);
        return (await result ?? { text }) as { text: string };
      } finally {
        log.leave();
      }
    };
    return {
      onActivate: () => script.activate?.(self),
      onPassivate: () => script.passivate?.(self),
      say: one,
      note: one,
      bell: one,
      gather: async (calls, turn) => {
        log.enter();
        log.lines.push(calls.map(({ input }) => input.text).join("+"));
        try {
          if (script.gather !== undefined) await script.gather(calls, turn, self);
          else for (const call of calls) call.reply({ text: call.input.text });
        } finally {
          log.leave();
        }
      },
    };
  };
}

/** A promise the test settles when it likes. */
export function gate(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>();
}
