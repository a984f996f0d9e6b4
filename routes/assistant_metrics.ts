import type { Registry } from "prom-client";
import type { AssistantMeters } from "actors/ai/assistant/meters.ts";
import { declareMetric } from "./metric.ts";

const OUTCOMES = ["asked", "answered", "failed", "dropped"] as const;

/** What assistants of groups and rooms were asked on this node; what is still open is `asked` less the others. */
export function declareAssistantMetrics(registry: Registry, meters: AssistantMeters): void {
  declareMetric(
    registry,
    "barrage_assistant_questions_total",
    "Questions to assistants of groups and rooms, by what became of them",
    () => OUTCOMES.map((outcome) => [meters[outcome], { outcome }]),
    ["outcome"],
  );
}
