import type { AiDelta, AiDone, AiPlace, AiProgress, AiResumed, AnswerView } from "protocol/ai.ts";
import { boundary } from "protocol/pairs.ts";

/** What a notification says of an answer. */
export type AnswerNotice =
  | { readonly method: "ai.delta"; readonly params: AiDelta }
  | { readonly method: "ai.resumed"; readonly params: AiResumed }
  | { readonly method: "ai.progress"; readonly params: AiProgress }
  | { readonly method: "ai.queue"; readonly params: AiPlace }
  | { readonly method: "ai.done"; readonly params: AiDone };

export interface FollowedAnswer {
  /** With the whole text. */
  readonly view: AnswerView;
  /** Where another call of the model went on with a text that was shown. */
  readonly seams: readonly number[];
  /** The text from here on is new; its length when none is. */
  readonly fresh: number;
}

export function followed(view: AnswerView, fresh = 0): FollowedAnswer {
  return { view, seams: [], fresh };
}

/** What comes of it: the same object when it says nothing new, undefined when something in between is missing. */
export function heard(now: FollowedAnswer, notice: AnswerNotice): FollowedAnswer | undefined {
  const { view, seams } = now;
  if (isOver(view)) return now;
  const fresh = view.text.length;
  switch (notice.method) {
    case "ai.delta":
      return withDelta(now, notice.params);
    case "ai.resumed":
      return withCut(now, notice.params);
    case "ai.progress":
      return { view: { ...running(view), progress: notice.params.percent }, seams, fresh };
    case "ai.queue": {
      const { position, etaMs } = notice.params;
      return { view: { ...view, state: "waiting", position, etaMs }, seams, fresh };
    }
    case "ai.done": {
      const { attempt, offset, answer: _answer, ...end } = notice.params;
      const nothing = offset === 0 && fresh === 0;
      if (!nothing && (attempt !== view.attempt || offset !== fresh)) return undefined;
      const endedAt = Date.now();
      return { view: { ...running(view), endedAt, ...end, attempt }, seams, fresh };
    }
  }
}

/** Where the answer stands, told anew from some offset on; undefined when that says too little. */
export function caughtUp(now: FollowedAnswer, told: AnswerView): FollowedAnswer | undefined {
  const { view, seams } = now;
  const { length } = view.text;
  if (isOver(view) || told.attempt < view.attempt) return now;
  const another = length > 0 && told.attempt > view.attempt;
  if (told.offset > length || (another && told.offset > 0)) return undefined;
  // A call that another process has taken over is behind for a moment; what has ended is as short as it says.
  if (!another && !isOver(told) && told.offset + told.text.length < length) return now;
  const common = commonLength(view.text.slice(told.offset), told.text);
  const fresh = told.offset + boundary(told.text, common);
  const text = view.text.slice(0, told.offset) + told.text;
  const kept = seams.filter((seam) => seam <= fresh && seam < text.length);
  return { view: { ...placeOf(now.view, told), ...told, offset: 0, text }, seams: kept, fresh };
}

export function isOver({ state }: AnswerView): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function withDelta(now: FollowedAnswer, { attempt, offset, text }: AiDelta): FollowedAnswer | undefined {
  const { view, seams } = now;
  const { length } = view.text;
  if (attempt < view.attempt) return now;
  // Nothing had been shown when the attempts before this one failed.
  const another = attempt > view.attempt && !(length === 0 && offset === 0);
  if (another || offset > length) return undefined;
  const known = length - offset;
  if (attempt === view.attempt && text.length <= known) return now;
  return { view: { ...running(view), attempt, text: view.text + text.slice(known) }, seams, fresh: length };
}

function withCut(now: FollowedAnswer, { attempt, offset }: AiResumed): FollowedAnswer | undefined {
  const { view, seams } = now;
  if (attempt < view.attempt) return now;
  if (offset > view.text.length) return undefined;
  const kept = seams.filter((seam) => seam < offset);
  return {
    view: { ...running(view), attempt, text: view.text.slice(0, offset) },
    seams: offset > 0 ? [...kept, offset] : kept,
    fresh: offset,
  };
}

/** It waits no longer. */
function running({ position: _position, etaMs: _etaMs, ...view }: AnswerView): AnswerView {
  return { ...view, state: "running" };
}

/** What only the queue tells. */
function placeOf({ state, position, etaMs }: AnswerView, told: AnswerView): Partial<AnswerView> {
  if (state !== "waiting" || told.state !== "waiting") return {};
  return position === undefined || etaMs === undefined ? {} : { position, etaMs };
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}
