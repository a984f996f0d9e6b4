import { configure, getJsonLinesFormatter, getTextFormatter, type LogRecord } from "@logtape/logtape";

/** Info and worse, to standard error, one line each; standard output belongs to the line that says where we listen. */
export async function configureLogs(form: "pretty" | "json"): Promise<void> {
  const format = form === "json" ? jsonLine : getTextFormatter({ timestamp: "time" });
  const encoder = new TextEncoder();
  await configure({
    sinks: { stderr: (record) => void Deno.stderr.writeSync(encoder.encode(format(record))) },
    loggers: [
      { category: ["barrage"], lowestLevel: "info", sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}

const format = getJsonLinesFormatter();

/** The library writes an error as `{}` into the sentence: whoever reads that has to look for it in the properties. */
export function jsonLine(record: LogRecord): string {
  const message = record.message.map((part) =>
    part instanceof Error ? `${part.name}: ${part.message}` : part
  );
  return format({ ...record, message });
}
