import type { Message } from "protocol/chat.ts";
import type { Stays } from "./stays.ts";
import type { Act, ChatViolation, Deed, Stored, StoredMessage, Try } from "./story.ts";

type Send = Deed & { readonly act: Extract<Act, { what: "send" }> };

/** Answers after which it is certain that a try was not carried out. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...["rate_limited", "overloaded", "expired", "forbidden", "blocked", "muted", "gone", "not_found"],
  ...["conflict", "invalid_params"],
]);

/** What the database has of one conversation against what people did there. */
export function* checkLog(
  conversation: string,
  stored: Stored,
  deeds: readonly Deed[],
  stays: Stays,
): Generator<ChatViolation> {
  yield* order(conversation, stored.messages);
  for (const { seq, sender } of stays.strangers) {
    const detail = `${conversation}: message ${seq} is by ${sender.id}, who was not in it`;
    yield { fault: "intruded", detail };
  }
  const sends = deeds.filter((deed): deed is Send => deed.act.what === "send");
  yield* contents(conversation, stored.messages, sends, deeds);
  yield* realTime(conversation, stored.messages, sends);
  yield* pipelined(conversation, sends);
  yield* blocked(conversation, sends, deeds);
  yield* members(conversation, stored, stays);
}

/** Places go 1, 2, 3, ...; no two messages have one version or id. */
function* order(conversation: string, messages: readonly StoredMessage[]): Generator<ChatViolation> {
  const versions = new Set<number>();
  const ids = new Set<string>();
  for (const [index, { message: { seq, version, id } }] of messages.entries()) {
    if (seq !== index + 1) {
      yield { fault: "hole", detail: `${conversation}: seq ${seq} stands at place ${index + 1}` };
      return;
    }
    if (versions.has(version)) {
      yield { fault: "doubled", detail: `${conversation}: version ${version} was given twice` };
    }
    if (ids.has(id)) yield { fault: "doubled", detail: `${conversation}: the id ${id} was given twice` };
    versions.add(version);
    ids.add(id);
  }
}

/** All that was acked stands there as it was acked; what was not, at most once; and nothing that nobody said. */
function* contents(
  conversation: string,
  messages: readonly StoredMessage[],
  sends: readonly Send[],
  deeds: readonly Deed[],
): Generator<ChatViolation> {
  const rows = new Map<string, Message>();
  const said = Map.groupBy(sends, ({ user, act }) => `${user} ${act.clientId}`);
  for (const { message, clientId } of messages) {
    if (message.kind === "change") continue;
    const key = `${message.sender.id} ${clientId}`;
    if (rows.has(key)) yield { fault: "doubled", detail: `${conversation}: ${key} stands there twice` };
    if (!said.has(key)) yield { fault: "doubled", detail: `${conversation}: nobody sent ${key}` };
    rows.set(key, message);
  }
  for (const [key, [send, ...again]] of said) {
    const tries = [send!, ...again].flatMap((deed) => deed.tries);
    const row = rows.get(key);
    for (const { result } of tries.filter(isAcked)) {
      const { seq, id } = result as { seq: number; id: string };
      if (row?.seq === seq && row.id === id) continue;
      const found = row === undefined ? "nowhere" : `${row.id} at ${row.seq}`;
      yield {
        fault: "lost",
        detail: `${conversation}: ${key} was acked as ${id} at ${seq} and is ${found} (${travel(tries)})`,
      };
    }
    if (row !== undefined && tries.every(({ answer }) => answer !== undefined && REFUSALS.has(answer))) {
      yield { fault: "doubled", detail: `${conversation}: ${key} was refused and stands at ${row.seq}` };
    }
    if (row !== undefined) yield* revisions(conversation, row, send!, deeds);
  }
}

/** A message says what its sender said, first or last; once a recall or an edit was acked it stays so. */
function* revisions(
  conversation: string,
  row: Message,
  send: Send,
  deeds: readonly Deed[],
): Generator<ChatViolation> {
  const here = (what: "edit" | "recall") =>
    deeds.filter(({ act }) => act.what === what && "seq" in act && act.seq === row.seq);
  const [edits, recalls] = [here("edit"), here("recall")];
  if (row.kind === "recalled") {
    if (recalls.length === 0) {
      yield { fault: "differs", detail: `${conversation}: nobody recalled message ${row.seq}` };
    }
    if ("text" in row) {
      yield { fault: "recalled_seen", detail: `${conversation}: message ${row.seq} still has its text` };
    }
    return;
  }
  if (recalls.some(({ tries }) => tries.some(isAcked))) {
    yield {
      fault: "lost",
      detail: `${conversation}: the recall of message ${row.seq} was acked and is lost`,
    };
  }
  const text = row.kind === "sent" ? row.text : undefined;
  const texts = [send, ...edits].map(({ act }) => "text" in act ? act.text : undefined);
  if (!texts.includes(text)) {
    yield { fault: "differs", detail: `${conversation}: message ${row.seq} says ${text}, nobody said so` };
  }
  for (const { result } of edits.flatMap(({ tries }) => tries.filter(isAcked))) {
    const edited = result as Message;
    const same = edited.version < row.version ||
      (edited.version === row.version && edited.kind === "sent" && edited.text === text);
    if (same) continue;
    const detail = `${conversation}: the edit of message ${row.seq} at version ${edited.version} is lost`;
    yield { fault: "lost", detail };
  }
}

/** What was acked before something else was sent for the first time stands before it, whoever sent the two. */
function* realTime(
  conversation: string,
  messages: readonly StoredMessage[],
  sends: readonly Send[],
): Generator<ChatViolation> {
  const tries = new Map<string, Try[]>();
  for (const { user, act: { clientId }, tries: more } of sends) {
    const key = `${user} ${clientId}`;
    tries.set(key, [...tries.get(key) ?? [], ...more]);
  }
  let [firstAck, acked] = [Infinity, 0];
  for (const { message, clientId } of messages.toReversed()) {
    const mine = tries.get(`${message.sender.id} ${clientId}`);
    if (mine === undefined) continue;
    const sentAt = Math.min(...mine.map(({ at }) => at));
    if (firstAck < sentAt) {
      const detail =
        `${conversation}: message ${acked} was acked ${Math.round(sentAt - firstAck)} ms before ` +
        `message ${message.seq} was sent for the first time`;
      yield { fault: "overtaken", detail };
    }
    const ackedAt = Math.min(...mine.filter(isAcked).map(({ answeredAt }) => answeredAt ?? Infinity));
    if (ackedAt < firstAck) [firstAck, acked] = [ackedAt, message.seq];
  }
}

/** What one socket sent without waiting stands in the order sent, unless it was refused and sent again. */
function* pipelined(conversation: string, sends: readonly Send[]): Generator<ChatViolation> {
  const tries = Map.groupBy(sends, ({ user, act }) => `${user} ${act.clientId}`).values()
    .map((deeds) => deeds.flatMap((deed) => deed.tries));
  const sent = [...tries].flatMap(([first, ...more]) =>
    first !== undefined && more.length === 0 && isAcked(first) ? [first] : []
  );
  for (const [socket, tries] of Map.groupBy(sent, ({ socket }) => socket)) {
    let last = 0;
    for (const { result } of tries.toSorted((a, b) => a.at - b.at)) {
      const { seq } = result as { seq: number };
      if (seq < last) {
        yield {
          fault: "overtaken",
          detail: `${conversation}: on ${socket} message ${seq} was sent after message ${last}`,
        };
      }
      last = seq;
    }
  }
}

/** Nothing that was first sent after a block was acked is acked before the block is lifted. */
function* blocked(
  conversation: string,
  sends: readonly Send[],
  deeds: readonly Deed[],
): Generator<ChatViolation> {
  const blocks = blocksOf(deeds);
  const said = Map.groupBy(sends, ({ user, act }) => `${user} ${act.clientId}`);
  for (const [key, deeds] of said) {
    const tries = deeds.flatMap((deed) => deed.tries);
    const sentAt = Math.min(...tries.map(({ at }) => at));
    const ackedAt = Math.min(...tries.filter(isAcked).map(({ answeredAt }) => answeredAt ?? Infinity));
    if (ackedAt === Infinity) continue;
    // Whoever has blocked the other one writes to him as little.
    const between = blocks.find(({ since, until }) => sentAt > since && ackedAt < until);
    if (between === undefined) continue;
    yield {
      fault: "intruded",
      detail: `${conversation}: ${key} was acked while ${between.by} blocks`,
    };
  }
}

export interface Block {
  readonly by: string;
  /** From the ack of the block until somebody began to lift it. */
  readonly since: number;
  readonly until: number;
}

/** The times in which somebody certainly had blocked the other one. */
export function blocksOf(deeds: readonly Deed[]): Block[] {
  const blocks: Block[] = [];
  const acts = deeds.filter(({ act }) => act.what === "block");
  for (const { user: by, act, tries } of acts) {
    if (act.what !== "block" || !act.blocked) continue;
    const acked = tries.filter(isAcked).map(({ answeredAt }) => answeredAt ?? Infinity);
    if (acked.length === 0) continue;
    const since = Math.min(...acked);
    const begun = Math.min(...tries.map(({ at }) => at));
    const lifts = acts.filter(({ user, act }) => user === by && act.what === "block" && !act.blocked)
      .filter((lift) => lift.tries.some((lifting) => (lifting.answeredAt ?? Infinity) > begun));
    const until = Math.min(Infinity, ...lifts.flatMap((lift) => lift.tries.map(({ at }) => at)));
    blocks.push({ by, since, until });
  }
  return blocks;
}

/** Who is in it by the order of the conversation is in it by the rows, and sees from where he may. */
function* members(
  conversation: string,
  { kind, members, messages }: Stored,
  stays: Stays,
): Generator<ChatViolation> {
  if (kind === "direct") return;
  const rows = new Map(members.map((member) => [member.user, member]));
  for (const user of new Set([...stays.users, ...rows.keys()])) {
    const stay = stays.open(user);
    const row = rows.get(user);
    const inside = row?.state === "member";
    if (inside !== (stay !== undefined) || (inside && row.visibleFrom !== stay?.visibleFrom)) {
      const told = stay === undefined ? "out" : `in, from ${stay.visibleFrom} on`;
      yield {
        fault: "differs",
        detail: `${conversation}: ${user} is ${told}, by the rows ${row?.state} from ${row?.visibleFrom} on`,
      };
    }
    if (row !== undefined && row.readSeq > messages.length) {
      yield { fault: "differs", detail: `${conversation}: ${user} has read ${row.readSeq} messages` };
    }
  }
}

export function isAcked({ answer }: Try): boolean {
  return answer === "ok";
}

function travel(tries: readonly Try[]): string {
  return tries.map(({ socket, at, answer, answeredAt }) =>
    `${socket} ${Math.round(at)}-${Math.round(answeredAt ?? NaN)} ${answer}`
  ).join(", ");
}
