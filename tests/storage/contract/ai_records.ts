import type {
  AnswerRecord,
  CredentialRecord,
  LeaseRecord,
  ThreadRecord,
  TurnRecord,
  UsageRecord,
} from "storage/ai_storage.ts";
import type { Storage } from "storage/storage.ts";
import { accountId, T } from "./account_records.ts";

/** ULID-shaped ids that sort by `n`. */
export const answerId = (n: number) => `01JD3Y4B6V8Q2Z5K7M9N0W${String(n).padStart(4, "0")}`;
export const credentialId = (n: number) => `01JD3Y4B6V8Q2Z5K7M9N0E${String(n).padStart(4, "0")}`;
export const leaseId = (n: number) => `01JD3Y4B6V8Q2Z5K7M9N0F${String(n).padStart(4, "0")}`;
export const threadId = (n: number) => `01JD3Y4B6V8Q2Z5K7M9N0H${String(n).padStart(4, "0")}`;
export const POOL = "text-echo";

const asker = (n: number) => ({ id: accountId(n), name: `User ${n}` });

export function answer(n: number, changed: Partial<AnswerRecord> = {}): AnswerRecord {
  return {
    id: answerId(n),
    askers: [asker(1)],
    model: "echo",
    request: { feature: "text", messages: [{ role: "user", content: `question ${n}` }], options: {} },
    band: "normal",
    detached: false,
    pool: POOL,
    state: "waiting",
    attempt: 1,
    exclude: [],
    text: "",
    files: [],
    askedAt: T + n,
    until: T + 180_000,
    ...changed,
  };
}

/** Everything that an answer may have. */
export function fullAnswer(n: number, changed: Partial<AnswerRecord> = {}): AnswerRecord {
  return answer(n, {
    askers: [asker(1), asker(2)],
    thread: threadId(1),
    request: {
      feature: "text",
      messages: [{ role: "user", content: "弹幕 a\u0000b '\"\\\n$1 ? 👩‍👩‍👧‍👦" }],
      options: { temperature: 0.5, stop: ["\n"] },
    },
    band: "high",
    detached: true,
    state: "failed",
    attempt: 3,
    exclude: [credentialId(1), credentialId(2)],
    job: { credential: credentialId(3), job: '{"sid":"1"}' },
    digest: "d".repeat(43),
    // As a stream may be cut: inside a surrogate pair.
    text: "half a smile \ud83d and \u0000 nothing",
    files: [{ id: leaseId(9), type: "image/png", name: "a.png", bytes: 7 }],
    reason: "length",
    usage: { promptTokens: 2 ** 40, completionTokens: 0, estimated: true },
    error: { reason: "unavailable", message: "It broke", retryAfterMs: 5, interrupted: true },
    endedAt: T + 99,
    ...changed,
  });
}

export function answerFence(n: number, epoch = 1) {
  return { noun: "answer", id: answerId(n), epoch } as const;
}

export function founding<F extends object>(fence: F): F & { readonly founding: true } {
  return { ...fence, founding: true };
}

export async function foundAnswers(
  { lane, answers }: Storage,
  ...records: readonly AnswerRecord[]
): Promise<void> {
  await Promise.all(
    records.map((record) =>
      lane.commit({ noun: "answer", id: record.id, epoch: 1, founding: true }, [answers.found(record, 1)])
    ),
  );
}

export function used(n: number, changed: Partial<UsageRecord> = {}): UsageRecord {
  return {
    answer: answerId(n),
    attempt: 1,
    user: accountId(1),
    credential: credentialId(1),
    feature: "text",
    model: "echo",
    outcome: "done",
    usage: { promptTokens: 10, completionTokens: 3, estimated: false },
    at: T + n,
    ...changed,
  };
}

export function lease(n: number, changed: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    id: leaseId(n),
    credential: credentialId(1),
    answer: answerId(n),
    user: accountId(1),
    attempt: 1,
    grantedAt: T + n,
    ...changed,
  };
}

export function credential(n: number, changed: Partial<CredentialRecord> = {}): CredentialRecord {
  return {
    id: credentialId(n),
    provider: "openai",
    label: `Key ${n}`,
    sealed: { apiKey: "c2VhbGVk" },
    keyVersion: 1,
    uses: [{
      feature: "text",
      model: "gpt-4o",
      upstreamModel: "gpt-4o-2024-08-06",
      inFlightMax: 2,
      startsPerSecond: 2,
      contextTokens: 128_000,
    }],
    state: "enabled",
    createdAt: T,
    changedAt: T,
    ...changed,
  };
}

export function thread(n: number, changed: Partial<ThreadRecord> = {}): ThreadRecord {
  return {
    id: threadId(n),
    owner: asker(1),
    title: `Thread ${n} \u0000 弹幕`,
    model: "echo",
    createdAt: T,
    changedAt: T + n,
    ...changed,
  };
}

export function threadFence(n: number, epoch = 1) {
  return { noun: "thread", id: threadId(n), epoch } as const;
}

export function turn(seq: number, changed: Partial<TurnRecord> = {}): TurnRecord {
  return { seq, question: `question ${seq}`, answer: answerId(seq), at: T + seq, ...changed };
}
