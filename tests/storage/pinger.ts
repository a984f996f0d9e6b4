import { configure, type LogRecord } from "@logtape/logtape";
import { openPostgres } from "storage/postgres.ts";

// A process that must outlive the loss of its idle connections: pings, waits for all four losses, pings again.
const [url = ""] = Deno.args;
const losses: LogRecord[] = [];
Deno.unrefTimer(setTimeout(() => Deno.exit(1), 10_000));
const lost = Promise.withResolvers<void>();
await configure({
  sinks: {
    losses(record) {
      if (losses.push(record) === 4) lost.resolve();
    },
  },
  loggers: [{ category: "barrage", sinks: ["losses"] }, { category: ["logtape", "meta"], sinks: [] }],
});

await using storage = await openPostgres({ url });
await Promise.all(Array.from({ length: 4 }, () => storage.ping()));
console.log("4 answered");
await Deno.stdin.read(new Uint8Array(1));
await lost.promise;
await storage.ping();
console.log("lost\n1 answered");
await Deno.stdin.read(new Uint8Array(1));
