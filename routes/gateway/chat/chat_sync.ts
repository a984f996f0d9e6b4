import { conversationActor } from "actors/conversation/definition.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { ConversationDelta } from "protocol/chat.ts";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import type { Membership, MembershipStore } from "storage/conversation_storage.ts";
import { askForLess } from "../../page_fit.ts";
import type { ChatHub } from "./chat_hub.ts";
import type { ChatSeat } from "./chat_seat.ts";
import { type ChatLimits, DEFAULT_CHAT_LIMITS } from "./limits.ts";
import type { Place } from "./place.ts";

const MEMBERSHIPS_PAGE = 10_000;
/** A conversation whose node has just died must not keep back all the others. */
const ASK_MS = 2_000;

export interface ChatSyncOptions {
  readonly node: ActorNode;
  readonly hub: ChatHub;
  readonly memberships: Pick<MembershipStore, "ofUser">;
  readonly limits?: ChatLimits;
}

export interface Synced {
  readonly result: Result<"chat.sync">;
  /** When the answer is on the wire. */
  readonly onSent: () => void;
}

/** Conversations behind one id and up to another one. */
interface Range {
  readonly after?: string | undefined;
  readonly until?: string | undefined;
}

/** What has changed, and may be told. */
interface Change {
  readonly conversation: string;
  /** Undefined for a conversation that is new to the device. */
  readonly known: number | undefined;
}

interface Since {
  readonly delta: ConversationDelta;
  readonly more: boolean;
}

interface Asked {
  readonly deltas: Since[];
  /** Conversations that could not be asked now. */
  readonly failed: string[];
  /** Room for so many messages. */
  left: number;
  more: boolean;
}

/**
 * How a socket goes live in chat. Its places are taken first: from then on every event of its user's conversations is
 * kept. Only then the store is asked for the version of each, in one query; those that the device knows at that version
 * are up to date, and their actors are left alone. The others are asked what changed since. When the answer is on the
 * wire, the kept events beyond it follow, conversation by conversation (see Channel). What the answer had no room for
 * gives its place up: the device is told that there is more, and the next sync goes on from there.
 */
export class ChatSync {
  readonly #options: ChatSyncOptions;

  readonly #limits: ChatLimits;

  constructor(options: ChatSyncOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_CHAT_LIMITS;
  }

  /** Of a range of conversations it is as of all: the others, and what the socket is told of them, stay as they are. */
  async sync(
    seat: ChatSeat,
    caller: Caller,
    { since, limit, after, until }: Parsed<"chat.sync">,
  ): Promise<Synced> {
    if (seat.syncing) throw new BarrageError("conflict", "A sync of this socket is still under way");
    seat.beginSync();
    const entered = new Map<string, Place>();
    try {
      const memberships = await this.#listen(seat, { after, until }, entered);
      const upToDate = new Map<string, number>();
      const changes: Change[] = [];
      for (const { conversation, state, version } of memberships) {
        const known = Object.hasOwn(since, conversation) ? since[conversation] : undefined;
        if (state !== "member") seat.drop(conversation);
        const gone = state === "left" || state === "removed";
        // Whoever was told of his going by the event has its version: he hears of it until he names it no more.
        if (gone && known !== undefined) changes.push({ conversation, known });
        if (gone) continue;
        if (known === undefined || known < version) changes.push({ conversation, known });
        else if (state === "member") upToDate.set(conversation, version);
      }
      const { deltas, more, failed } = await this.#ask(changes, caller, limit);
      for (const { delta, more } of deltas) {
        if (delta.state === "member" && !more) upToDate.set(delta.conversation.id, delta.version);
        if (delta.state !== "member") seat.drop(delta.conversation.id);
      }
      return {
        result: { deltas: deltas.map(({ delta }) => delta), more },
        onSent: () => {
          for (const [conversation, place] of entered) {
            const version = upToDate.get(conversation);
            if (version === undefined) this.#giveUp(seat, conversation, place);
            else place.begin(version);
          }
          for (const conversation of failed) this.#options.hub.staleLater(conversation, seat);
          seat.endSync();
        },
      };
    } catch (error) {
      for (const [conversation, place] of entered) this.#giveUp(seat, conversation, place);
      seat.endSync();
      throw error;
    }
  }

  /** Takes the places that the seat does not have yet; what it returns is not older than they are. */
  async #listen(seat: ChatSeat, range: Range, entered: Map<string, Place>): Promise<readonly Membership[]> {
    const { hub } = this.#options;
    await hub.ready;
    const before = await this.#memberships(seat.user, range);
    const missing = before.filter(({ state, conversation }) =>
      state === "member" && seat.place(conversation) === undefined
    );
    const results = await Promise.allSettled(missing.map(async ({ conversation }) => {
      entered.set(conversation, await hub.enter(conversation, seat));
    }));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return missing.length === 0 ? before : await this.#memberships(seat.user, range);
  }

  async #memberships(user: string, { after: from, until }: Range): Promise<readonly Membership[]> {
    const { memberships } = this.#options;
    const all: Membership[] = [];
    for (;;) {
      const after = all.at(-1)?.conversation ?? from;
      const page = await memberships.ofUser(user, {
        limit: MEMBERSHIPS_PAGE,
        ...(after === undefined ? {} : { after }),
        ...(until === undefined ? {} : { until }),
      });
      all.push(...page);
      if (page.length < MEMBERSHIPS_PAGE) return all;
    }
  }

  /** What the device knows comes first: it may be looking at it. */
  async #ask(changes: readonly Change[], caller: Caller, limit: number): Promise<Asked> {
    const asked: Asked = { deltas: [], failed: [], more: false, left: limit };
    await this.#askAll(asked, changes.filter(({ known }) => known !== undefined), caller, 1);
    const first = Math.min(this.#limits.firstMessages, limit);
    await this.#askAll(asked, changes.filter(({ known }) => known === undefined), caller, first);
    return asked;
  }

  /** @param least Messages for which there must be room, if a conversation is to be asked. */
  async #askAll(asked: Asked, changes: readonly Change[], caller: Caller, least: number): Promise<void> {
    const waiting = [...changes];
    while (waiting.length > 0) {
      const wave = waiting.splice(0, Math.min(this.#limits.syncAtOnce, Math.floor(asked.left / least)));
      if (wave.length === 0) return void (asked.more = true);
      const share = Math.floor(asked.left / wave.length);
      const answers = await Promise.all(wave.map((change) => this.#askOne(change, caller, share)));
      answers.forEach((answer, n) => {
        if (answer === "failed") asked.failed.push(wave[n]!.conversation);
        if (typeof answer === "string") return;
        asked.deltas.push(answer);
        asked.left -= answer.delta.messages.length;
        asked.more ||= answer.more;
      });
    }
  }

  /** `nothing` when the user has no part in it any more. */
  async #askOne(change: Change, caller: Caller, share: number): Promise<Since | "failed" | "nothing"> {
    const { conversation, known: version } = change;
    const ref = this.#options.node.ref(conversationActor, conversation, caller);
    const most = version === undefined ? Math.min(share, this.#limits.firstMessages) : share;
    try {
      return await askForLess(most, (limit) => ref.since({ limit, version }, { timeoutMs: ASK_MS }));
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (reason === "forbidden" || reason === "not_found") return "nothing";
      if (ERRORS[reason].retry) return "failed";
      throw error;
    }
  }

  #giveUp(seat: ChatSeat, conversation: string, place: Place): void {
    if (seat.place(conversation) === place) seat.drop(conversation);
    else place.leave();
  }
}
