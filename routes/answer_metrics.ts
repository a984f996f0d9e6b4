import type { Registry } from "prom-client";
import type { AnswerMeters } from "actors/ai/answer/meters.ts";
import type { AnswerStreams } from "./answer_streams.ts";
import type { AiHub } from "./gateway/ai/ai_hub.ts";
import { declareMetric } from "./metric.ts";

export interface AnswerMetricsParts {
  readonly answers: AnswerMeters;
  readonly calls: { readonly size: number };
  readonly hub: AiHub;
  readonly streams: AnswerStreams;
}

/** Answers of this node, and who reads them here. */
export function declareAnswerMetrics(
  registry: Registry,
  { answers, calls, hub, streams }: AnswerMetricsParts,
): void {
  const plain: readonly [name: string, help: string, read: () => number][] = [
    ["barrage_ai_calls", "Calls to providers under way", () => calls.size],
    ["barrage_ai_repeated_total", "Calls made again before anything was shown", () => answers.repeated],
    ["barrage_ai_continued_total", "Broken streams that another call went on with", () => answers.continued],
    ["barrage_ai_over_budget_total", "Questions over somebody's budget of the day", () => answers.overBudget],
    ["barrage_ai_read_answers", "Answers that somebody reads here", () => hub.answers],
    ["barrage_ai_readers", "Sockets and requests that read answers", () => hub.readers],
    ["barrage_ai_requests", "Requests that last as long as an answer", () => streams.size],
  ];
  for (const [name, help, read] of plain) declareMetric(registry, name, help, () => [[read()]]);
  declareMetric(
    registry,
    "barrage_ai_answers_total",
    "Answers that have ended",
    () => (["done", "failed", "cancelled"] as const).map((state) => [answers[state], { state }]),
    ["state"],
  );
  const costs = () => [...answers.costs];
  declareMetric(
    registry,
    "barrage_ai_key_calls_total",
    "Calls that have cost something, by the key of their provider",
    () => costs().map(([key, { calls }]) => [calls, { key }]),
    ["key"],
  );
  declareMetric(
    registry,
    "barrage_ai_key_tokens_total",
    "Tokens of these calls",
    () =>
      costs().flatMap(([key, { promptTokens, completionTokens }]) => [
        [promptTokens, { key, of: "prompt" }] as const,
        [completionTokens, { key, of: "completion" }] as const,
      ]),
    ["key", "of"],
  );
}
