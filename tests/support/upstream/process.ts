import { Output } from "../../../ops/servers/output.ts";
import type { CredentialSpec, UpstreamCredential } from "./call_desk.ts";
import type { FaultRule } from "./faults.ts";
import type { Counts } from "./limits.ts";
import type { SettingsChange } from "./settings.ts";

/** A simulator in a process of its own, and what its methods are from here. */
export class UpstreamProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #output: Output;
  readonly url: string;

  private constructor(process: Deno.ChildProcess, output: Output, url: string) {
    this.#process = process;
    this.#output = output;
    this.url = url;
  }

  static async start(...args: readonly string[]): Promise<UpstreamProcess> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-net", "tests/support/upstream/main.ts", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = new Output([process.stdout, process.stderr], () => Promise.resolve());
    const [, url = ""] = await output.until(/listening on (\S+)/);
    return new UpstreamProcess(process, output, url);
  }

  credential(spec: CredentialSpec): Promise<UpstreamCredential> {
    return this.#ask("POST", "credentials", spec);
  }

  faults(...rules: FaultRule[]): Promise<void> {
    return this.#ask("PUT", "faults", rules);
  }

  set(settings: SettingsChange): Promise<void> {
    return this.#ask("PUT", "settings", settings);
  }

  counts(): Promise<
    { all: Counts; uses: { credential: string; use: string; counts: Counts }[]; sockets: number }
  > {
    return this.#ask("GET", "counts");
  }

  forget(): Promise<void> {
    return this.#ask("POST", "forget", {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await this.#output.ended;
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`Cannot control the upstream: ${answer.message}`);
    return answer as T;
  }
}
