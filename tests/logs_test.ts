import { equal, match } from "node:assert/strict";
import { jsonLine } from "../logs.ts";

Deno.test("[X8] an error in a line of the log is told in its sentence, and its stack stands beside it", () => {
  const error = new TypeError("It is\nno number");
  const line = jsonLine({
    category: ["barrage", "http"],
    level: "error",
    timestamp: 0,
    message: ["Request of ", "Ann", " failed: ", error, ""],
    rawMessage: "Request of {name} failed: {error}",
    properties: { name: "Ann", error },
  });
  equal(line.trimEnd().split("\n").length, 1);
  const { message, logger, properties } = JSON.parse(line);
  equal(message, 'Request of "Ann" failed: "TypeError: It is\\nno number"');
  equal(logger, "barrage.http");
  match(properties.error.stack, /logs_test\.ts/);
});
