import type { Door } from "../load/ai_models.ts";
import { OUT, ROOT } from "../places.ts";
import { delay } from "../wait.ts";
import { Child } from "./child.ts";
import { cpuSeconds } from "./process_stat.ts";
import { untilListening } from "./server.ts";

const LITELLM = "1.106.2";
const VENV = `${OUT}/litellm-${LITELLM}`;
const READY_MAX_MS = 120_000;
const LOOK_MS = 200;

/** A program between clients and an upstream, for one model of it. */
export interface AiProxy {
  readonly name: string;
  /** Until it is as fast as it gets. */
  readonly warmUpMs: number;
  start(upstream: Door, model: string): Promise<ProxyProcess>;
}

export class ProxyProcess implements AsyncDisposable {
  readonly #child: Child;

  constructor(child: Child, readonly door: Door) {
    this.#child = child;
    child.ignoreTheRest();
  }

  cpuSeconds(): Promise<number> {
    return cpuSeconds(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** What a hop costs in Deno, without anything a gateway is for. */
export const bareProxy: AiProxy = {
  name: "bare proxy",
  warmUpMs: 2_000,
  async start({ base, key }) {
    const program = `${ROOT}/bench/servers/bare_proxy.ts`;
    const args = ["run", "--no-config", "--allow-net", program, base, key];
    const child = new Child({ command: Deno.execPath(), args });
    return new ProxyProcess(child, { base: `${await untilListening(child)}/v1`, key: "none" });
  },
};

/** LiteLLM's proxy as one process, without a database; undefined where Python or its packages cannot be had. */
export async function liteLlm(): Promise<AiProxy | undefined> {
  if (!await installed()) return undefined;
  return {
    name: `LiteLLM ${LITELLM}`,
    warmUpMs: 12_000,
    async start({ base: api_base, key: api_key }, model) {
      const config = `${VENV}/config.json`;
      const params = { model: `openai/${model}`, api_base, api_key };
      await Deno.writeTextFile(
        config,
        JSON.stringify({ model_list: [{ model_name: model, litellm_params: params }] }),
      );
      const port = freePort();
      const key = `sk-${crypto.randomUUID()}`;
      const child = new Child({
        command: `${VENV}/bin/litellm`,
        args: ["--config", config, "--host", "127.0.0.1", "--port", `${port}`, "--telemetry", "False"],
        // Its list of prices would be fetched from elsewhere.
        env: { LITELLM_MASTER_KEY: key, LITELLM_LOCAL_MODEL_COST_MAP: "True", LITELLM_LOG: "ERROR" },
      });
      await untilAlive(`http://127.0.0.1:${port}/health/liveliness`);
      return new ProxyProcess(child, { base: `http://127.0.0.1:${port}/v1`, key });
    },
  };
}

async function installed(): Promise<boolean> {
  const done = `${VENV}/installed`;
  if (await exists(done)) return true;
  const worked = await ran("python3", ["-m", "venv", VENV]) &&
    await ran(`${VENV}/bin/pip`, ["install", "-q", "--prefer-binary", `litellm[proxy]==${LITELLM}`]);
  if (worked) await Deno.writeTextFile(done, "");
  return worked;
}

async function ran(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function untilAlive(url: string): Promise<void> {
  for (const end = performance.now() + READY_MAX_MS; performance.now() < end; await delay(LOOK_MS)) {
    const alive = await fetch(url).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (alive) return;
  }
  throw new Error(`Cannot start the proxy in ${READY_MAX_MS} ms`);
}

/** Somebody else may take it before it is used; then the run fails. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
