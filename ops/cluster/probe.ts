/** Exits with 0 when the node of this machine is ready, and prints what it says: for container engines. */
async function probe(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    console.log(await response.text());
    return response.ok;
  } catch (error) {
    console.log(`Cannot reach ${url}: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

const ready = await probe(`http://127.0.0.1:${Deno.env.get("PORT") || "8080"}/readyz`);
Deno.exit(ready ? 0 : 1);
