import type { Page } from "playwright-core";

const ANSWER = `Light, in short, from **wind**:

1. The sun blows charged particles at us, some 400 km/s fast.
2. The Earth's magnetic field leads them to the poles.
3. There they hit the air, which glows in the colour of its gas.

| colour | gas | height |
| --- | --- | ---: |
| green | oxygen | 100-150 km |
| violet | nitrogen | below 100 km |

Whether tonight is worth a drive is one request away:

\`\`\`ts
const [, latest] = await (await fetch(KP_INDEX)).json();
console.log(latest.Kp > 4 ? "Go north" : "Stay in bed");
\`\`\`
`;

/** A model that knows one answer, for the picture of it. */
export class Model implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => answer());
  }

  /** Lets the server ask it. */
  async connect(url: string, operatorKey: string): Promise<void> {
    const response = await fetch(`${url}/v1/ai/keys`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${operatorKey}` },
      body: JSON.stringify({
        provider: "openai",
        label: "for the pictures",
        baseUrl: `http://127.0.0.1:${this.#server.addr.port}/v1`,
        secret: { apiKey: "none" },
        uses: [{ feature: "text", model: "aurora-2" }],
      }),
    });
    if (!response.ok) throw new Error(`Cannot add the model: ${await response.text()}`);
    await response.body?.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function answer(): Response {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const usage = { choices: [], usage: { prompt_tokens: 14, completion_tokens: 171 } };
  const text = [chunk({ role: "assistant", content: ANSWER }), chunk({}, "stop")].join("") +
    `data: ${JSON.stringify(usage)}\n\ndata: [DONE]\n\n`;
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

const EARLIER = ["Name a boat for two sisters", "晚安用葡萄牙语怎么说？", "A lighthouse in a storm"];

/** Asks a few things, the last of them what the picture shows. */
export async function askAround(page: Page, url: string): Promise<void> {
  for (const question of EARLIER) await askNew(page, url, question);
  await askNew(page, url, "Where do the northern lights come from?");
}

/** In the conversation at an address. */
export async function askForSlides(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator("#model option").first().waitFor({ state: "attached" });
  await page.locator(".ai-features label", { hasText: "Slides" }).click();
  await page.fill("#ask", "Slides for my class, please: northern lights in ten minutes");
  await page.click(".ai-composer [type=submit]");
  await page.locator("a.ai-deck").waitFor();
}

async function askNew(page: Page, url: string, question: string): Promise<void> {
  await page.goto(`${url}/ai`);
  await page.locator("#model option").first().waitFor({ state: "attached" });
  await page.fill("#ask", question);
  await page.press("#ask", "Enter");
  await page.locator('.ai-turn[data-state="done"]').waitFor();
}
