const LONGEST_MS = 15_000;

/** Resolves when the condition holds. @throws when it does not in time. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + LONGEST_MS;
  while (!await condition()) {
    if (performance.now() > until) throw new Error(`Cannot see in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Milliseconds that the call took. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}
