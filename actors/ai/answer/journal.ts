import { getLogger } from "@logtape/logtape";
import type { AiFile, AiUsage, AnswerError, AnswerState, AnswerView, FinishReason } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { AnswerRecord, AnswerStore } from "storage/ai_storage.ts";
import type { Survives, Write } from "storage/storage.ts";
import { budgetActor } from "../budget/definition.ts";
import type { FaultKind } from "../provider.ts";
import type { AnswerLimits } from "./limits.ts";
import type { AnswerMeters } from "./meters.ts";
import { addUsage, estimateUsage } from "./tokens.ts";
import { viewOf } from "./view.ts";

const log = getLogger(["barrage", "ai"]);

/** A durable timer wakes the answer on whatever node owns it, when this one has not moved it on. */
const WAKE_MS = 20_000;
/** The whole text is written each time: the longer it is the less often, so that all writes of it together stay cheap. */
const CHECKPOINT = { characters: 4_000, mostMs: 5_000 };
const json = new TextEncoder();

export interface JournalPorts {
  readonly answers: Pick<AnswerStore, "acquire" | "found" | "update" | "use" | "join">;
  readonly limits: AnswerLimits;
  readonly meters: AnswerMeters;
}

type Patch = Parameters<AnswerStore["update"]>[1];

/** Without the answer's id. */
interface Body {
  readonly attempt?: number;
  readonly offset?: number;
  readonly [field: string]: unknown;
}

interface Ending {
  readonly reason?: FinishReason;
  readonly error?: AnswerError;
  /** How the last attempt ended, for the books. */
  readonly outcome: string;
}

/** What an answer is, how much of it is durable, and what its readers are told. */
export class Journal {
  readonly #self: Self;
  readonly #ports: JournalPorts;
  #record: AnswerRecord | undefined;
  /** Characters that readers were told of. */
  #told = 0;
  #stored = { length: 0, at: 0 };
  #wakeAt = 0;
  /** What the running attempt has cost, if the provider said so, and where its text began. */
  #usage: AiUsage | undefined;
  #base = 0;
  #credential: string | undefined;
  #percent: number | undefined;

  constructor(self: Self, ports: JournalPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  get exists(): boolean {
    return this.#record !== undefined;
  }

  /** @throws {BarrageError} `not_found`. */
  get record(): AnswerRecord {
    if (this.#record === undefined) throw new BarrageError("not_found", `No answer ${this.#self.key}`);
    return this.#record;
  }

  get state(): AnswerState | undefined {
    return this.#record?.state;
  }

  get open(): boolean {
    return this.#record?.state === "waiting" || this.#record?.state === "running";
  }

  get length(): number {
    return this.#record?.text.length ?? 0;
  }

  async load(): Promise<void> {
    if (this.#record !== undefined) return;
    this.#record = await this.#ports.answers.acquire(this.#self.key, this.#self.epoch);
    this.#told = this.#base = this.length;
    this.#stored = { length: this.length, at: this.#self.clock.monotonic() };
  }

  /** Another incarnation may have been faster: then its answer stands. */
  async found(record: AnswerRecord, survives: Survives): Promise<void> {
    try {
      await this.#self.commit([this.#ports.answers.found(record, this.#self.epoch), this.#wake()], {
        founding: true,
        survives,
      });
      this.#record = record;
    } catch (error) {
      if (!(error instanceof BarrageError) || error.reason !== "conflict") throw error;
      await this.load();
    }
  }

  async write(patch: Patch, survives: Survives = "machine", more: readonly Write[] = []): Promise<void> {
    const text = this.record.text;
    const { length } = text;
    const unstored = length === this.#stored.length ? {} : { text };
    const writes = [this.#ports.answers.update(this.#self.key, { ...unstored, ...patch }), ...more];
    if (this.#self.clock.now() > this.#wakeAt - WAKE_MS / 2) writes.push(this.#wake());
    await this.#self.commit(writes, { survives });
    this.#record = { ...this.record, ...patch };
    this.#stored = { length, at: this.#self.clock.monotonic() };
  }

  async join(user: User): Promise<void> {
    const askers = [...this.record.askers, user];
    await this.write({ askers }, "machine", [this.#ports.answers.join(this.#self.key, user.id)]);
  }

  /** A call begins; durable with the first checkpoint, as nothing is lost by making it again. */
  begin(credential: string): void {
    this.#record = { ...this.record, state: "running" };
    this.#credential = credential;
    this.#usage = undefined;
    this.#base = this.length;
  }

  resumed(): void {
    this.#publish("resumed", { attempt: this.record.attempt, offset: this.length });
  }

  /** @param from Where the text begins; what is there already is left out. */
  append(text: string, from: number): void {
    const fresh = text.slice(this.length - from);
    if (fresh !== "") this.#record = { ...this.record, text: this.record.text + fresh };
  }

  /** What was shown must not be seen any more. */
  erase(): void {
    this.#record = { ...this.record, text: "" };
    this.#told = this.#base = 0;
    this.resumed();
  }

  tell(): void {
    const { attempt, text } = this.record;
    if (text.length === this.#told) return;
    const fresh = text.slice(this.#told);
    const body = { attempt, offset: this.#told, text: fresh };
    this.#publish("delta", body, fresh.length);
    this.#told = text.length;
  }

  progress(percent: number): void {
    this.#percent = percent;
    this.#publish("progress", { percent });
  }

  used(usage: AiUsage): void {
    this.#usage = usage;
  }

  async keep(file: AiFile): Promise<void> {
    const { files } = this.record;
    if (!files.some(({ id }) => id === file.id)) await this.write({ files: [...files, file] });
  }

  /** Stores what is new if it is time. */
  async checkpoint(): Promise<void> {
    if (!this.open) return;
    const { clock } = this.#self;
    const due = clock.monotonic() - this.#stored.at >= this.#checkpointMs;
    const { text, state } = this.record;
    if (due && text.length !== this.#stored.length) await this.write({ state }, "process");
    else if (clock.now() > this.#wakeAt - WAKE_MS / 2) await this.write({ state }, "process");
  }

  get #checkpointMs(): number {
    const { checkpointMs } = this.#ports.limits;
    const longer = checkpointMs * Math.ceil(this.length / CHECKPOINT.characters);
    return Math.max(checkpointMs, Math.min(longer, CHECKPOINT.mostMs));
  }

  async flush(): Promise<void> {
    if (!this.open) return;
    const { text, state } = this.record;
    if (text.length !== this.#stored.length || state === "running") await this.write({ state }, "process");
  }

  /** The attempt has failed and another one follows. */
  async again(fault: FaultKind, exclude: string | undefined): Promise<void> {
    const { attempt, exclude: tried, text } = this.record;
    await this.#close(fault, {
      state: "waiting",
      attempt: attempt + 1,
      exclude: exclude === undefined ? tried : [...tried, exclude].slice(-32),
    }, []);
    this.#ports.meters[text === "" ? "repeated" : "continued"]++;
  }

  async end(state: "done" | "failed" | "cancelled", { reason, error, outcome }: Ending): Promise<void> {
    this.tell();
    const endedAt = this.#self.clock.now();
    const told = { ...(reason === undefined ? {} : { reason }), ...(error === undefined ? {} : { error }) };
    await this.#close(outcome, { state, endedAt, ...told }, [this.#self.cancelTimer("wake")]);
    this.#ports.meters[state]++;
    const { attempt, usage, files } = this.record;
    this.#publish("done", {
      ...{ attempt, offset: this.length, state, ...told },
      ...(usage === undefined ? {} : { usage }),
      ...(files.length === 0 ? {} : { files }),
      endedAt,
    });
    this.#settle();
  }

  /** Not heard, the budget learns it from the books when it is read anew. */
  #settle(): void {
    const { id: answer, askers, usage } = this.record;
    const user = askers[0]?.id;
    if (!this.#ports.limits.budgeted || user === undefined) return;
    const tokens = usage === undefined ? 0 : usage.promptTokens + usage.completionTokens;
    this.#self.ref(budgetActor, user).settle({ answer, tokens }).catch((error) => {
      log.debug("Cannot settle a budget: {error}", { error });
    });
  }

  /** Of what was asked and said nothing stays. */
  async forget(): Promise<void> {
    const request = { feature: "text", messages: [{ role: "user", content: "…" }], options: {} } as const;
    const nothing = { request: { ...request, messages: [...request.messages] }, text: "" };
    await this.#self.commit([this.#ports.answers.update(this.#self.key, nothing)]);
    this.#record = { ...this.record, ...nothing };
    this.#told = this.#base = 0;
    this.#stored = { length: 0, at: this.#self.clock.monotonic() };
  }

  view(from: number): AnswerView {
    const progress = this.#percent === undefined ? {} : { progress: this.#percent };
    return { ...viewOf(this.record, from), ...progress };
  }

  /** Enters what the attempt has cost together with what follows from its end. */
  async #close(outcome: string, patch: Patch, writes: readonly Write[]): Promise<void> {
    const { id: answer, attempt, askers, request, model, text, usage: sum } = this.record;
    const usage = this.#usage ?? this.#estimate();
    const total = usage === undefined ? sum : addUsage(sum, usage);
    const complete = { ...patch, text, ...(total === undefined ? {} : { usage: total }) };
    const all = [this.#ports.answers.update(answer, complete), ...writes];
    const user = askers[0]?.id;
    if (usage !== undefined && user !== undefined) {
      const { feature } = request;
      const credential = this.#credential ?? "";
      const at = this.#self.clock.now();
      all.push(
        this.#ports.answers.use({ answer, attempt, user, credential, feature, model, outcome, usage, at }),
      );
    }
    if (patch.state === "waiting") all.push(this.#wake());
    // A machine that loses its power at this very moment makes the last attempt once more.
    await this.#self.commit(all, { survives: "process" });
    if (usage !== undefined && this.#credential !== undefined) {
      this.#ports.meters.cost(this.#credential, usage);
    }
    this.#record = { ...this.record, ...complete };
    this.#stored = { length: text.length, at: this.#self.clock.monotonic() };
    this.#usage = undefined;
    this.#base = this.length;
  }

  /** Providers bill what they sent, also when it broke off before they could say how much it was. */
  #estimate(): AiUsage | undefined {
    const { state, request, text } = this.record;
    if (state !== "running" || text.length === this.#base) return undefined;
    return estimateUsage(request, text.slice(this.#base));
  }

  #wake(): Write {
    this.#wakeAt = this.#self.clock.now() + WAKE_MS;
    return this.#self.setTimer("wake", this.#wakeAt, "tick", {});
  }

  /** The body is what clients are sent; the headers say what of it a reader has. */
  #publish(event: string, body: Body, length = 0): void {
    const { attempt, offset = 0 } = body;
    const headers = {
      attempt: String(attempt ?? this.record.attempt),
      offset: String(offset),
      length: String(length),
    };
    this.#self.publish(event, json.encode(JSON.stringify({ answer: this.#self.key, ...body })), headers);
  }
}
