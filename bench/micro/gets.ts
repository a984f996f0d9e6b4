/** Asks for one address time and again, so many requests at a time, and prints how many were answered and in how long. */
const [url = "", seconds = "3", inFlight = "32"] = Deno.args;
const began = performance.now();
const end = began + Number(seconds) * 1_000;
let answered = 0;
await Promise.all(Array.from({ length: Number(inFlight) }, async () => {
  while (performance.now() < end) {
    const response = await fetch(url);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`Cannot measure ${url}: it answered ${response.status}`);
    answered++;
  }
}));
console.log(JSON.stringify({ answered, seconds: (performance.now() - began) / 1_000 }));
