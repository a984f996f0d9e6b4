import { CallDesk, CredentialSpec, type KnownCredential, type UpstreamCredential } from "./call_desk.ts";
import { type Controlled, serveControl } from "./control_face.ts";
import { FaultPlan, type FaultRule } from "./faults.ts";
import { DECK, PNG } from "./files.ts";
import { randomFrom } from "./generator.ts";
import { HttpConnection, type HttpRequest } from "./http_connection.ts";
import type { Counts } from "./limits.ts";
import { OpenAiFace } from "./openai_face.ts";
import { DEFAULT_SETTINGS, type SettingsChange, UpstreamSettings } from "./settings.ts";
import { SPARK_DOMAINS, SparkChatFace } from "./spark_chat.ts";
import { SparkFilesFace } from "./spark_files.ts";
import { type Verdict, verifyHeaders, verifyUrl } from "./spark_signature.ts";

export interface UpstreamOptions extends SettingsChange {
  readonly seed?: number;
  readonly port?: number;
}

/** A real server on loopback that behaves, misbehaves and counts like the providers of models do. */
export class Upstream implements Controlled, AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<HttpConnection>();
  readonly #plan: FaultPlan;
  readonly #desk: CallDesk;
  readonly #openAi: OpenAiFace;
  readonly #sparkChat: SparkChatFace;
  readonly #sparkFiles: SparkFilesFace;
  readonly #serving: Promise<void>;
  readonly #silent: (() => void)[] = [];
  #settings: UpstreamSettings;

  constructor(options: UpstreamOptions = {}) {
    const { seed = 1, port = 0, ...settings } = options;
    this.#settings = UpstreamSettings.parse({ ...DEFAULT_SETTINGS, ...settings });
    this.#plan = new FaultPlan(randomFrom(seed));
    const now = () => performance.now();
    this.#desk = new CallDesk(this.#plan, now);
    const current = () => this.#settings;
    this.#openAi = new OpenAiFace(this.#desk, current, () => this.url);
    this.#sparkChat = new SparkChatFace(this.#desk, current);
    this.#sparkFiles = new SparkFilesFace(this.#desk, current, () => this.url, now);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#serving = this.#serve();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Sockets that are open now; those that a client keeps for later are among them. */
  get sockets(): number {
    return this.#connections.size;
  }

  /** Times a slide deck was asked for too soon. */
  get hastyPolls(): number {
    return this.#sparkFiles.hasty;
  }

  credential(spec: CredentialSpec): UpstreamCredential {
    const parsed = CredentialSpec.parse(spec);
    const { id, protocol } = parsed;
    const secret: Record<string, string> = protocol === "openai"
      ? { apiKey: `sk-secret-of-${id}` }
      : { appId: `app-${id}`, apiKey: `key-secret-of-${id}`, apiSecret: `api-secret-of-${id}` };
    const known: KnownCredential = { id, secret, spec: parsed, calls: 0 };
    this.#desk.add(known);
    return {
      ...{ id, provider: protocol, secret },
      baseUrl: protocol === "openai" ? `${this.url}/v1` : this.url,
    };
  }

  /** These rules instead of all earlier ones; the first that matches decides. */
  faults(...rules: FaultRule[]): void {
    this.#plan.set(rules);
  }

  set(settings: SettingsChange): void {
    this.#settings = UpstreamSettings.parse({ ...this.#settings, ...settings });
  }

  /** Sums; of one credential, or of one use of it, written `feature:model`. */
  counts(credential?: string, use?: string): Counts {
    return this.#desk.counts(credential, use);
  }

  uses(): { credential: string; use: string; counts: Counts }[] {
    return this.#desk.uses();
  }

  /** Calls that were over a limit; what a pool has to keep at 0. */
  get over(): number {
    const { overRate, overConcurrency } = this.counts();
    return overRate + overConcurrency;
  }

  /** Counts and numbers of calls begin anew; only when nothing is in flight. */
  forget(): void {
    this.#desk.forget();
  }

  /** Resolves when nothing is in flight. */
  unused(): Promise<void> {
    return this.#desk.unused();
  }

  /** Resolves when so many calls have come in, whatever became of them. */
  called(calls: number): Promise<void> {
    return this.#desk.called(calls);
  }

  /** Resolves when no socket is open. */
  async silent(): Promise<void> {
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#silent.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.destroy();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const talks = new Set<Promise<void>>();
    try {
      for await (const socket of this.#listener) {
        const talk = this.#talk(new HttpConnection(socket)).finally(() => talks.delete(talk));
        talks.add(talk);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await Promise.all(talks);
  }

  async #talk(connection: HttpConnection): Promise<void> {
    this.#connections.add(connection);
    try {
      while (true) {
        const request = await connection.head();
        if (request === undefined) break;
        await this.#answer(connection, request);
        if (connection.gone) break;
      }
    } finally {
      connection.destroy();
      this.#connections.delete(connection);
      if (this.#connections.size === 0) { for (const resolve of this.#silent.splice(0)) resolve(); }
    }
  }

  async #answer(connection: HttpConnection, request: HttpRequest): Promise<void> {
    const url = new URL(request.target, this.url);
    const path = url.pathname;
    const domain = SPARK_DOMAINS[path];
    if (domain !== undefined) {
      const credential = await admit(connection, verifyUrl(this.#desk, request, this.#wallClock()));
      if (credential !== undefined) await this.#sparkChat.serve(connection, request, credential, domain);
      return;
    }
    if (/^\/v1\//.test(path)) return await this.#openAi.serve(connection, request, path);
    const body = await connection.body(request);
    if (body === undefined) return;
    if (path.startsWith("/control/")) return await serveControl(this, connection, request.method, path, body);
    if (path === "/v2.1/tti") {
      const credential = await admit(connection, verifyUrl(this.#desk, request, this.#wallClock()));
      if (credential !== undefined) await this.#sparkFiles.picture(connection, credential, body);
      return;
    }
    if (path.startsWith("/api/ppt/v2/")) {
      const verdict = verifyHeaders(this.#desk, request, this.#wallClock());
      if ("credential" in verdict) {
        return await this.#sparkFiles.slides(connection, request, url, body, verdict.credential);
      }
      return await connection.answer(
        200,
        { "content-type": "application/json" },
        JSON.stringify({ flag: false, code: 20_007, desc: verdict.message, count: null, data: null }),
      );
    }
    if (path === "/files/picture.png") return await connection.answer(200, {}, PNG);
    if (path === "/files/deck.pptx") return await connection.answer(200, {}, DECK);
    await connection.answer(404, {}, "");
  }

  #wallClock(): number {
    return Date.now() + this.#settings.skewMs;
  }
}

async function admit(connection: HttpConnection, verdict: Verdict): Promise<KnownCredential | undefined> {
  if ("credential" in verdict) return verdict.credential;
  const { status, message } = verdict;
  await connection.answer(status, { "content-type": "application/json" }, JSON.stringify({ message }));
  return undefined;
}
