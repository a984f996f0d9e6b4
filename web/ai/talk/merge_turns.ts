import type { AiTurn } from "protocol/ai_methods.ts";
import type { Turn } from "./turn.ts";

export interface Merging {
  /** What the page shows. */
  readonly shown: readonly Turn[];
  /** The newest turns as the server has them, ascending. */
  readonly stored: readonly AiTurn[];
  /** Whether what the server has begins with these. */
  readonly fromStart: boolean;
  /** Answers that another one takes the place of; the server may not know that yet. */
  readonly replaced: ReadonlySet<string>;
  /** Of turns that the page has and the server may not have had yet when it was asked. */
  readonly young: ReadonlySet<string>;
}

/**
 * The conversation after a look at the server: what was loaded from before its page, the page, and what is on its way there.
 * What the server does not have any more is gone; a turn that is shown stays the same object.
 */
export function mergeTurns(merging: Merging, enter: (turn: AiTurn) => Turn): readonly Turn[] {
  const { shown, stored, fromStart, replaced, young } = merging;
  const known = new Map(shown.map((turn) => [turn.id, turn]));
  const ids = new Set(stored.map(({ answer }) => answer.answer));
  const first = shown.findIndex(({ id }) => ids.has(id));
  const earlier = fromStart ? [] : shown.slice(0, Math.max(0, first));
  const page = stored.filter(({ answer }) => !replaced.has(answer.answer)).map((turn) => {
    const before = known.get(turn.answer.answer);
    return before === undefined || before.asked.status === "asking" || before.asked.status === "refused"
      ? enter(turn)
      : before;
  });
  const kept = new Set([...earlier.map(({ id }) => id), ...ids]);
  const behind = shown.filter(({ id, asked }) =>
    !kept.has(id) && (young.has(id) || asked.status === "asking" || asked.status === "refused")
  );
  return [...earlier, ...page, ...behind];
}
