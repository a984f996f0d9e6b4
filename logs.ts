import { configure, getJsonLinesFormatter, getTextFormatter } from "@logtape/logtape";

/** Info and worse, to standard error, one line each; standard output belongs to the line that says where we listen. */
export async function configureLogs(form: "pretty" | "json"): Promise<void> {
  const format = form === "json" ? getJsonLinesFormatter() : getTextFormatter({ timestamp: "time" });
  const encoder = new TextEncoder();
  await configure({
    sinks: { stderr: (record) => void Deno.stderr.writeSync(encoder.encode(format(record))) },
    loggers: [
      { category: ["barrage"], lowestLevel: "info", sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}
