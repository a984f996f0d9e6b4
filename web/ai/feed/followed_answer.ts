import type { AiDelta, AiDone, AiPlace, AiProgress, AiResumed, AnswerView } from "protocol/ai.ts";

/** What a notification says of an answer. */
export type Notice =
  | { readonly method: "ai.delta"; readonly params: AiDelta }
  | { readonly method: "ai.resumed"; readonly params: AiResumed }
  | { readonly method: "ai.progress"; readonly params: AiProgress }
  | { readonly method: "ai.queue"; readonly params: AiPlace }
  | { readonly method: "ai.done"; readonly params: AiDone };

export interface FollowedText {
  readonly view: AnswerView;
  /** Where another connection to the model went on with a text that was shown. */
  readonly seams: readonly number[];
}

/** What comes of it: the same object when it says nothing new, undefined when something in between is missing. */
export function heard(now: FollowedText, notice: Notice): FollowedText | undefined {
  const { view, seams } = now;
  if (isOver(view)) return now;
  switch (notice.method) {
    case "ai.delta":
      return withDelta(now, notice.params);
    case "ai.resumed": {
      const { attempt, offset } = notice.params;
      if (attempt < view.attempt) return now;
      if (offset > view.text.length) return undefined;
      return {
        view: { ...running(view), attempt, text: view.text.slice(0, offset) },
        seams: offset > 0 && !seams.includes(offset) ? [...seams, offset] : seams,
      };
    }
    case "ai.progress":
      return { seams, view: { ...running(view), progress: notice.params.percent } };
    case "ai.queue": {
      const { position, etaMs } = notice.params;
      return { seams, view: { ...view, state: "waiting", position, etaMs } };
    }
    case "ai.done": {
      const { offset, answer: _answer, ...end } = notice.params;
      if (offset !== view.text.length) return undefined;
      return { seams, view: { ...running(view), ...end, endedAt: Date.now() } };
    }
  }
}

/** Where the answer stands, told anew: its text from an offset on that is not behind what is here. */
export function caughtUp({ view, seams }: FollowedText, told: AnswerView): FollowedText | undefined {
  const sameText = told.attempt === view.attempt || view.text === "";
  if (told.offset > view.text.length || (!sameText && told.offset > 0)) return undefined;
  const text = view.text.slice(0, told.offset) + told.text;
  return { view: { ...told, offset: 0, text }, seams: seams.filter((seam) => seam < text.length) };
}

export function isOver({ state }: AnswerView): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function withDelta(now: FollowedText, { attempt, offset, text }: AiDelta): FollowedText | undefined {
  const { view, seams } = now;
  if (attempt < view.attempt) return now;
  if (offset > view.text.length) return undefined;
  if (attempt === view.attempt && offset + text.length <= view.text.length) return now;
  return { seams, view: { ...running(view), attempt, text: view.text.slice(0, offset) + text } };
}

/** It waits no longer. */
function running({ position: _position, etaMs: _etaMs, ...view }: AnswerView): AnswerView {
  return { ...view, state: "running" };
}
