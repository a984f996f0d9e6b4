import { BarrageCallError } from "client/mod.ts";
import type { AnswerError, AnswerView } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { messageOf } from "../../shell/messages.ts";

const SLOW_MS = 1_500;
const BUILT_IN = "echo";

/** What is told of an answer that is not there yet; nothing once there is text. */
export function progressWords(view: AnswerView | undefined): string {
  if (view === undefined) return "Asking …";
  switch (view.state) {
    case "waiting":
      return waitingWords(view);
    case "running":
      if (view.feature === "text") return view.text === "" ? "Thinking …" : "";
      return `${view.feature === "image" ? "Painting" : "Making the slides"} … ${view.progress ?? 0} %`;
    case "done":
    case "failed":
    case "cancelled":
      return "";
  }
}

/** What is to be said of the models there are; undefined when they can be asked something. */
export function modelsWords(models: readonly AiModel[]): string | undefined {
  if (models.length === 0) return "There is no model here to ask.";
  if (models.some(({ model }) => model !== BUILT_IN)) return undefined;
  return `There is only the built-in “${BUILT_IN}” here, which says back what it is asked.`;
}

function waitingWords({ position, etaMs }: AnswerView): string {
  if (position === undefined) return "Waiting for a free model …";
  const place = position === 1 ? "You are next" : `You are number ${position.toLocaleString("en")}`;
  return etaMs === undefined || etaMs < SLOW_MS ? place : `${place}, about ${duration(etaMs)} to go`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/** Why an answer ended without being whole; undefined when it is. */
export function endingWords(view: AnswerView): string | undefined {
  switch (view.state) {
    case "failed":
      return failureWords(view.error);
    case "cancelled":
      return view.text === "" ? "Stopped before it began" : "Stopped";
    case "done":
      if (view.reason === "length") return "It stops here: the answer has reached its greatest length";
      if (view.reason === "content_filter") return "The model's provider has cut this answer off";
      return undefined;
    case "waiting":
    case "running":
      return undefined;
  }
}

function failureWords(error: AnswerError | undefined): string {
  switch (error?.reason) {
    case "overloaded":
      return "Too many are asking right now";
    case "expired":
    case "timeout":
      return "It took too long";
    case "rate_limited":
      return "That was your last question for now";
    case "not_found":
      return "This model is not there any more";
    case "too_large":
      return "The conversation has become too long for this model";
    case "unavailable":
      return error.interrupted === true ? "The answer broke off" : "The model cannot be reached right now";
    case "blocked":
    case "forbidden":
    case "invalid_params":
      return error.message;
    default:
      return "Something went wrong";
  }
}

/** Of a question that the server did not take. */
export function refusalWords(error: unknown): string {
  if (!(error instanceof BarrageCallError)) return "Something went wrong in this page";
  switch (error.reason) {
    case "conflict":
      return "The last question is still being answered";
    case "not_found":
      return "There is no such model or conversation";
    case "forbidden":
      return "You may not ask here";
    case "gone":
      return "The connection was lost";
    case "rate_limited":
      return error.retryAfterMs !== undefined && error.retryAfterMs > 3_600_000
        ? "You have asked all you may ask today"
        : messageOf(error);
    default:
      return messageOf(error);
  }
}

/** The small print of an answer that has ended. */
export function usageWords({ model, usage, askedAt, endedAt, state }: AnswerView): string {
  if (state === "waiting" || state === "running") return "";
  const parts = [model];
  if (usage !== undefined) {
    const tokens = usage.promptTokens + usage.completionTokens;
    parts.push(
      `${usage.estimated ? "about " : ""}${tokens.toLocaleString("en")} ${tokens === 1 ? "token" : "tokens"}`,
    );
  }
  if (endedAt !== undefined) parts.push(`${((endedAt - askedAt) / 1_000).toFixed(1)} s`);
  return parts.join(" · ");
}

export function sizeWords(bytes: number): string {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1_024 ** power).toLocaleString("en", { maximumFractionDigits: 1 })} ${units[power]}`;
}
