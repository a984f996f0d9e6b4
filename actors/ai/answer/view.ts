import type { AnswerView } from "protocol/ai.ts";
import { boundary } from "protocol/pairs.ts";
import type { AnswerRecord } from "storage/ai_storage.ts";

/** An answer as it is stored, with its text from an offset on. */
export function viewOf(record: AnswerRecord, from = 0): AnswerView {
  const { id, request, model, state, attempt, text, reason, usage, files, error, askedAt, endedAt } = record;
  const offset = boundary(text, Math.min(from, text.length));
  return {
    ...{
      answer: id,
      feature: request.feature,
      model,
      state,
      attempt,
      offset,
      text: text.slice(offset),
      askedAt,
    },
    ...(reason === undefined ? {} : { reason }),
    ...(usage === undefined ? {} : { usage }),
    ...(files.length === 0 ? {} : { files: [...files] }),
    ...(error === undefined ? {} : { error }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
