/**
 * What a hop costs in Deno at least: passes each request on to an upstream that speaks OpenAI's protocol, and its answer
 * back, without a look at either. Arguments: the upstream's address up to `/v1`, and the key for it.
 */
const [base, key] = Deno.args as [string, string];

async function pass(request: Request): Promise<Response> {
  const { status, headers, body } = await fetch(`${base}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: await request.text(),
  });
  return new Response(body, { status, headers: { "content-type": headers.get("content-type") ?? "" } });
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ hostname, port }) => console.log(`listening on http://${hostname}:${port}`),
}, pass);
