import type { Step } from "./step.ts";

/** Test files by what they need: nothing, real servers, the machine for themselves, a browser. */
export interface TestFiles {
  readonly plain: readonly string[];
  readonly server: readonly string[];
  readonly faults: readonly string[];
  readonly browser: readonly string[];
}

export async function findTests(folder: string): Promise<TestFiles> {
  const found: Record<keyof TestFiles, string[]> = { plain: [], server: [], faults: [], browser: [] };
  for await (const path of walk(folder)) {
    if (path.includes("/faults/") && path.endsWith("_server_test.ts")) found.faults.push(path);
    else if (path.endsWith("_server_test.ts")) found.server.push(path);
    else if (path.endsWith("_browser_test.ts")) found.browser.push(path);
    else if (path.endsWith("_test.ts")) found.plain.push(path);
  }
  for (const paths of Object.values(found)) paths.sort();
  return found;
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}

export const STATIC_STEPS: readonly Step[] = [
  { name: "format", args: ["fmt", "--check"], counts: "one" },
  { name: "lint", args: ["lint"], counts: "one" },
  { name: "types", args: ["check", "--quiet"], counts: "one" },
];

/** What a test without servers may do: start no program but Deno itself, and reach nothing beyond this machine. */
function permissions(): string[] {
  return [
    ...["--allow-read", "--allow-write", "--allow-env", "--allow-sys"],
    "--allow-net=127.0.0.1,localhost",
    `--allow-run=${Deno.execPath()}`,
  ];
}

// Tests with servers mostly wait for these, on any machine.
const SERVER_JOBS = Math.min(Math.max(navigator.hardwareConcurrency, 2), 3);
// A browser draws on the processor, so a page of one must not wait for many others.
const BROWSER_JOBS = 2;

/** Types are a step of their own, so one wrong type does not hide every test. */
export function testSteps(files: TestFiles): Step[] {
  const test = ["test", "--no-check"];
  const suites: Step[] = [
    {
      name: "tests without servers",
      args: [...test, "--parallel", ...permissions(), ...files.plain],
      counts: "tests",
    },
    {
      name: "tests with real servers",
      args: [...test, "--parallel", "--allow-all", ...files.server],
      env: { DENO_JOBS: `${SERVER_JOBS}` },
      counts: "tests",
    },
    { name: "faults in short", args: [...test, "--allow-all", ...files.faults], counts: "tests" },
    {
      name: "tests in a browser",
      args: [...test, "--parallel", "--allow-all", ...files.browser],
      env: { DENO_JOBS: `${BROWSER_JOBS}` },
      counts: "tests",
    },
  ];
  const paths = [files.plain, files.server, files.faults, files.browser];
  return suites.filter((_, index) => (paths[index]?.length ?? 0) > 0);
}
