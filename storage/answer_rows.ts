import type { AiFile, AiRequest, AiUsage, AnswerError } from "protocol/ai.ts";
import type { User } from "protocol/users.ts";
import type { AnswerPatch, AnswerRecord, UsageRecord } from "./ai_storage.ts";
import type { AnswerRow, AnswerUsageRow } from "./ai_schema.ts";
import type { BodyCipher } from "./body_cipher.ts";

export function toRow(answer: AnswerRecord, cipher: BodyCipher): Omit<AnswerRow, "owner_epoch"> {
  const { id, model, request, band, state, attempt, until } = answer;
  return {
    ...{ id, model, band, state, attempt, until },
    pool_id: answer.pool,
    // One that nobody asked for is nobody's.
    user_id: answer.askers[0]?.id ?? "",
    askers: JSON.stringify(answer.askers),
    thread_id: answer.thread ?? null,
    feature: request.feature,
    ...requestColumns(id, request, cipher),
    detached: Number(answer.detached),
    exclude: JSON.stringify(answer.exclude),
    job_credential: answer.job?.credential ?? null,
    job: answer.job?.job ?? null,
    digest: answer.digest ?? null,
    ...textColumns(id, answer.text, cipher),
    files: JSON.stringify(answer.files),
    reason: answer.reason ?? null,
    usage: answer.usage === undefined ? null : JSON.stringify(answer.usage),
    error: answer.error === undefined ? null : JSON.stringify(answer.error),
    asked_at: answer.askedAt,
    ended_at: answer.endedAt ?? null,
  };
}

function requestColumns(
  id: string,
  request: AiRequest,
  cipher: BodyCipher,
): Pick<AnswerRow, "request" | "request_key"> {
  const { body, keyVersion } = cipher.seal({ answer: id, part: "request" }, JSON.stringify(request));
  return { request: body, request_key: keyVersion };
}

/** As JSON: what streams in may be cut in the middle of a surrogate pair, and holds whatever a model says. */
function textColumns(id: string, text: string, cipher: BodyCipher): Pick<AnswerRow, "text" | "text_key"> {
  const { body, keyVersion } = cipher.seal({ answer: id, part: "text" }, JSON.stringify(text));
  return { text: body, text_key: keyVersion };
}

export function toColumns(id: string, patch: AnswerPatch, cipher: BodyCipher): Partial<AnswerRow> {
  const { askers, request, state, attempt, exclude, job, text, files, reason, usage, error, endedAt } = patch;
  return {
    ...(askers !== undefined && { askers: JSON.stringify(askers) }),
    ...(request !== undefined && requestColumns(id, request, cipher)),
    ...(state !== undefined && { state }),
    ...(attempt !== undefined && { attempt }),
    ...(exclude !== undefined && { exclude: JSON.stringify(exclude) }),
    ...(job !== undefined && { job_credential: job.credential, job: job.job }),
    ...(text !== undefined && textColumns(id, text, cipher)),
    ...(files !== undefined && { files: JSON.stringify(files) }),
    ...(reason !== undefined && { reason }),
    ...(usage !== undefined && { usage: JSON.stringify(usage) }),
    ...(error !== undefined && { error: JSON.stringify(error) }),
    ...(endedAt !== undefined && { ended_at: endedAt }),
  };
}

export function toRecord(row: AnswerRow, cipher: BodyCipher): AnswerRecord {
  const { id, model, band, state, attempt, until, job } = row;
  const request = cipher.open(
    { answer: id, part: "request" },
    { body: row.request, keyVersion: row.request_key },
  );
  const text = cipher.open({ answer: id, part: "text" }, { body: row.text, keyVersion: row.text_key });
  return {
    ...{ id, model, band, state, attempt, until },
    askers: JSON.parse(row.askers) as User[],
    ...(row.thread_id !== null && { thread: row.thread_id }),
    request: JSON.parse(request) as AiRequest,
    detached: row.detached === 1,
    pool: row.pool_id,
    exclude: JSON.parse(row.exclude) as string[],
    ...(row.job_credential !== null && job !== null && { job: { credential: row.job_credential, job } }),
    ...(row.digest !== null && { digest: row.digest }),
    text: JSON.parse(text) as string,
    files: JSON.parse(row.files) as AiFile[],
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.usage !== null && { usage: JSON.parse(row.usage) as AiUsage }),
    ...(row.error !== null && { error: JSON.parse(row.error) as AnswerError }),
    askedAt: row.asked_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  };
}

export function toUsageRow(record: UsageRecord): AnswerUsageRow {
  const { attempt, feature, model, outcome, usage, at } = record;
  return {
    answer_id: record.answer,
    ...{ attempt, feature, model, outcome, at },
    user_id: record.user,
    credential_id: record.credential,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    estimated: Number(usage.estimated),
  };
}
