import { type Counts, readCounts } from "./counts.ts";

export interface Step {
  readonly name: string;
  /** Arguments to deno. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether deno counts the tests, or the step as a whole counts as one. */
  readonly counts: "tests" | "one";
}

export interface Outcome {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
}

// A test that was killed leaves servers behind which hold the pipes open.
const PIPES_GRACE_MS = 2_000;

/** Runs a step, showing its output as it comes. The signal kills it, which counts as a failure. */
export async function runStep(step: Step, signal: AbortSignal): Promise<Outcome> {
  console.log(`\n== ${step.name}`);
  const start = performance.now();
  const output = await run(step, signal);
  const counts = step.counts === "tests"
    ? readCounts(output.text, output.success)
    : { passed: output.success ? 1 : 0, failed: output.success ? 0 : 1 };
  return { name: step.name, counts, seconds: (performance.now() - start) / 1_000 };
}

async function run(
  { args, env }: Step,
  signal: AbortSignal,
): Promise<{ text: string; success: boolean }> {
  if (signal.aborted) {
    console.log("Not run: the time is up");
    return { text: "", success: false };
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { ...env, NO_COLOR: "1" },
    signal,
  }).spawn();
  const chunks: string[] = [];
  const closing = new AbortController();
  const pipes = Promise.all([
    show(child.stdout, Deno.stdout, chunks, closing.signal),
    show(child.stderr, Deno.stderr, [], closing.signal),
  ]);
  const status = await child.status;
  const timer = setTimeout(() => closing.abort(), PIPES_GRACE_MS);
  await pipes;
  clearTimeout(timer);
  return { text: chunks.join(""), success: status.success };
}

async function show(
  from: ReadableStream<Uint8Array>,
  to: { write(bytes: Uint8Array): Promise<number> },
  chunks: string[],
  signal: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = from.getReader();
  const cancel = () => void reader.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(decoder.decode(read.value, { stream: true }));
    for (let at = 0; at < read.value.byteLength;) at += await to.write(read.value.subarray(at));
  }
  signal.removeEventListener("abort", cancel);
}
