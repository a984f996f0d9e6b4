/**
 * Loaded into a server before its own program. To each line on stdin it answers with one of JSON on stdout: how late each
 * of its timers was since the line before, in ms.
 */
const EVERY_MS = 5;
/** Deno runs what is loaded first until nothing keeps it alive, so the probe begins on a timer that does not. */
const BEGIN_MS = 100;

let late: number[] = [];

async function probe(): Promise<never> {
  for (;;) {
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    late.push(Math.max(0, performance.now() - began - EVERY_MS));
  }
}

async function answer(): Promise<void> {
  for await (const _ of Deno.stdin.readable) {
    console.log(JSON.stringify(late));
    late = [];
  }
}

Deno.unrefTimer(setTimeout(() => {
  probe();
  answer();
}, BEGIN_MS));
