import type { AiAnswer } from "client/mod.ts";
import type { AnswerView, Feature } from "protocol/ai.ts";

/** What somebody wants to know, or to have made. */
export interface Wish {
  readonly feature: Feature;
  readonly model: string;
  readonly text: string;
  /** Of a picture. */
  readonly width?: number;
  readonly height?: number;
  /** Of a slide deck. */
  readonly pages?: number;
}

export type Asked =
  /** On its way to the server. */
  | { readonly status: "asking" }
  /** Read as it comes. */
  | { readonly status: "live"; readonly answer: AiAnswer }
  /** As the history tells it. */
  | { readonly status: "settled"; readonly view: AnswerView }
  /** The server does not have it. */
  | { readonly status: "refused"; readonly error: unknown };

/** A question and its answer. */
export interface Turn {
  /** The answer's. */
  readonly id: string;
  readonly question: string;
  readonly asked: Asked;
  /** What was asked here, so that it can be asked again. */
  readonly wish?: Wish;
}

export function viewOf({ asked }: Turn): AnswerView | undefined {
  switch (asked.status) {
    case "live":
      return asked.answer.view;
    case "settled":
      return asked.view;
    case "asking":
    case "refused":
      return undefined;
  }
}

export function isOpen(turn: Turn): boolean {
  const view = viewOf(turn);
  if (view === undefined) return turn.asked.status === "asking";
  return view.state === "waiting" || view.state === "running";
}
