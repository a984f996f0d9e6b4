import type { Probe } from "actors/ai/pool/probes.ts";
import type { RunPorts } from "./model_run.ts";

const ROAD_MS = 200;

/** A short call, counted as any other. */
export function modelProbe(
  { timeline, random, upstream, process }: Pick<RunPorts, "timeline" | "random" | "upstream" | "process">,
): Probe {
  return ({ credential }, signal) =>
    new Promise((resolve, reject) => {
      timeline.after(random.between(1, ROAD_MS), () => {
        const { refused, firstMs } = upstream.begin(credential);
        timeline.after(refused === undefined ? firstMs : 0, () => {
          upstream.end(credential);
          timeline.after(random.between(1, ROAD_MS), () =>
            process.deliver("bus", () => {
              if (signal.aborted) reject(signal.reason);
              else resolve(refused === undefined ? { kind: "done" } : { kind: "fault", fault: "quota" });
            }));
        });
      });
    });
}
