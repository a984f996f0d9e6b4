import { z } from "zod";
import { Ulid } from "protocol/ids.ts";
import { METHODS } from "protocol/methods.ts";
import { defineActor } from "actors/runtime/definition.ts";

function verbOf<M extends keyof typeof METHODS>(method: M) {
  return { input: METHODS[method].params, output: METHODS[method].result } as {
    readonly input: typeof METHODS[M]["params"];
    readonly output: typeof METHODS[M]["result"];
  };
}

/** One signed-in socket; lives on the node that holds the socket, and holds no subscription of its own. */
export const sessionActor = defineActor({
  kind: "session",
  placement: "node",
  key: Ulid,
  verbs: {
    join: verbOf("room.join"),
    leave: verbOf("room.leave"),
    pause: verbOf("room.pause"),
    unpause: verbOf("room.unpause"),
    say: verbOf("room.say"),
    mute: verbOf("room.mute"),
    unmute: verbOf("room.unmute"),
    /** An operator or the account's owner ends the session. */
    kick: { input: z.strictObject({}), output: z.strictObject({}), reserved: true },
  },
});

export type SessionVerbs = typeof sessionActor["verbs"];
export type SessionVerb = keyof SessionVerbs;
