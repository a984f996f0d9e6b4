import { deepEqual, equal, rejects } from "node:assert/strict";
import { add, readCounts, verdict } from "../../ops/gate/counts.ts";
import { testSteps } from "../../ops/gate/suites.ts";

Deno.test("[X10] the counts of a run are read from its last summary, colours and steps aside", () => {
  const cases: [output: string, success: boolean, passed: number, failed: number][] = [
    ["ok | 32 passed | 0 failed (395ms)\n", true, 32, 0],
    ["\u001b[0m\u001b[32mok\u001b[0m | 3 passed | 0 failed \u001b[38;5;245m(1s)\u001b[0m", true, 3, 0],
    ["FAILED | 5 passed (12 steps) | 2 failed (1 step) | 1 ignored (2s)", false, 5, 2],
    ["ok | 1 passed | 0 failed\nlog: ok | 9 passed | 0 failed\nFAILED | 2 passed | 1 failed", false, 2, 1],
    ["ok | 1 passed (1 step) | 0 failed", true, 1, 0],
  ];
  for (const [output, success, passed, failed] of cases) {
    deepEqual(readCounts(output, success), { passed, failed }, output);
  }
});

Deno.test("[X10] a crash counts as one failure", () => {
  deepEqual(readCounts("error: Uncaught", false), { passed: 0, failed: 1 });
  deepEqual(readCounts("", true), { passed: 0, failed: 1 });
  deepEqual(readCounts("ok | 7 passed | 0 failed (1s)", false), { passed: 7, failed: 1 });
});

Deno.test("[X10] the verdict is the sum of all steps", () => {
  equal(verdict([{ passed: 1, failed: 0 }, { passed: 40, failed: 2 }].reduce(add)), "41 passed, 2 failed");
});

Deno.test("[X11] only tests named for servers and browsers may do everything, and an empty suite is left out", () => {
  const steps = testSteps({
    plain: ["a_test.ts"],
    server: ["b_server_test.ts"],
    faults: ["c_server_test.ts"],
    browser: [],
  });
  deepEqual(
    steps.map(({ args }) => [args.at(-1), args.includes("--allow-all"), args.includes("--parallel")]),
    [
      ["a_test.ts", false, true],
      ["b_server_test.ts", true, true],
      ["c_server_test.ts", true, false],
    ],
  );
});

Deno.test({
  name: "[X11] a test without servers may start no program but Deno, and reach nothing beyond this machine",
  // Whoever runs the tests by hand with every permission has chosen so.
  ignore: Deno.permissions.querySync({ name: "run" }).state === "granted",
  fn: async () => {
    await rejects(async () => await new Deno.Command("/bin/true").output(), Deno.errors.NotCapable);
    await rejects(Deno.connect({ hostname: "192.0.2.1", port: 80 }), Deno.errors.NotCapable);
  },
});
