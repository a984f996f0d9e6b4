import { Barrage, BarrageCallError, type Room as LiveRoom } from "client/mod.ts";
import { ERRORS } from "protocol/errors.ts";
import type { SayItem } from "../protocol_types.ts";
import { warnOf } from "../shell/alerts.ts";
import { readRole, readTail, type Room } from "../shell/api.ts";
import { find } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { noticeRefusals } from "../shell/site_notice.ts";
import { Authorship } from "./authorship.ts";
import { Chat } from "./chat.ts";
import { Composer } from "./composer.ts";
import { ConnectionPill } from "../shell/connection_pill.ts";
import { Player } from "./player.ts";
import { RoomAssistant } from "./room_assistant.ts";
import { RoomHead } from "./room_head.ts";
import { Skipped } from "./skipped.ts";

/** Lines of an ended room's chat for those who come late. */
const LATE_LINES = 100;
const JOIN_AGAIN_MS = 1_000;

/** One room on the page: what the server sends goes to the parts, what the parts ask for goes to the server. */
export class LiveView {
  readonly #shell: Shell;
  readonly #room: Room;
  readonly #failed: (error: BarrageCallError) => void;
  readonly #barrage: Barrage;
  readonly #live: LiveRoom;
  readonly #authorship: Authorship;
  readonly #player: Player;
  readonly #chat: Chat;
  readonly #skipped: Skipped;
  readonly #pill: ConnectionPill;
  readonly #composer: Composer;
  readonly #assistant: RoomAssistant;
  readonly #head: RoomHead;

  constructor(shell: Shell, room: Room, failed: (error: BarrageCallError) => void) {
    const { main, account } = shell;
    this.#shell = shell;
    this.#room = room;
    this.#failed = failed;
    this.#barrage = new Barrage({ url: location.origin, getToken: (asked) => this.#token(asked) });
    this.#live = this.#barrage.room(room.id);
    this.#authorship = new Authorship(() => account.userId);
    this.#player = new Player(find(main, ".player", HTMLElement), room.id);
    this.#chat = new Chat(find(main, ".chat", HTMLElement));
    this.#skipped = new Skipped((text) => this.#chat.notice(text));
    const announcer = find(document, "#announcer", HTMLElement);
    const pill = find(main, ".pill", HTMLElement);
    this.#pill = new ConnectionPill(pill, announcer, () => this.#barrage.reconnect());
    this.#composer = new Composer(find(main, ".composer", HTMLFormElement), {
      textMax: room.settings.textMax,
      send: async (text, style) => {
        this.#authorship.said(text);
        await this.#live.say(text, style && { style });
      },
    });
    this.#assistant = new RoomAssistant(main, {
      room: room.id,
      assistant: room.assistant,
      models: async () =>
        (await this.#barrage.ai.models()).filter(({ feature }) => feature === "text")
          .map(({ model }) => model),
      mention: (name) => this.#composer.mention(name),
    });
    const head = find(main, ".room-head", HTMLElement);
    this.#head = new RoomHead(head, room, account.ownerOf(room), () => this.#end());
  }

  start(): void {
    this.#player.setOnline(this.#room.online);
    if (this.#room.state === "ended") {
      this.#end();
      this.#showWhatWasSaid();
      return;
    }
    this.#listen();
    this.#pauseWhileHidden();
    this.#shell.named.addEventListener("renamed", () => this.#barrage.reconnect());
    this.#shell.account.session.on("renewed", () => this.#renew());
    addEventListener("online", () => this.#barrage.state.status === "waiting" && this.#barrage.reconnect());
    this.#join();
    this.#offerAssistant();
  }

  /** The owner sets it, and operators do everywhere. */
  async #offerAssistant(): Promise<void> {
    const { account } = this.#shell;
    try {
      const owner = account.ownerOf(this.#room);
      if (owner !== undefined) return await this.#assistant.offer(owner);
      if (account.isMember && await readRole() === "operator") await this.#assistant.offer(account.as);
    } catch (error) {
      console.info("Cannot offer to set an assistant", error);
    }
  }

  #listen(): void {
    const isOwn = (item: SayItem) => this.#authorship.isOwn(item);
    this.#live.on("items", (items, source) => {
      if (source === "replay") return this.#chat.replay(items, isOwn);
      for (const item of items) {
        this.#chat.say(item, isOwn(item));
        this.#assistant.heard(item);
      }
      this.#player.show(items, isOwn);
    });
    this.#live.on("online", (count) => this.#player.setOnline(count));
    this.#live.on("dropped", (dropped) => this.#skipped.add(dropped));
    this.#live.on("gap", ({ dropped }) => this.#skipped.add(dropped));
    this.#live.on("ended", () => this.#end());
    this.#live.on("state", (state) => {
      if (state.status !== "outside" || !state.error || ERRORS[state.error.reason].retry) return;
      if (state.error.reason === "gone") this.#end();
      else this.#failed(state.error);
    });
    this.#barrage.on("state", (state) => this.#pill.show(state));
    this.#barrage.on("alert", warnOf);
    noticeRefusals(this.#barrage);
  }

  /** Failures that will not pass are told by the room's state. */
  async #join(): Promise<void> {
    try {
      await this.#live.join();
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (!ERRORS[error.reason].retry || this.#barrage.state.status === "closed") return;
      setTimeout(() => this.#join(), error.retryAfterMs ?? JOIN_AGAIN_MS);
    }
  }

  #end(): void {
    this.#barrage.close();
    this.#pill.end();
    this.#player.end();
    this.#head.end();
    this.#assistant.end();
    this.#composer.end("This room has ended");
  }

  async #showWhatWasSaid(): Promise<void> {
    try {
      this.#chat.replay(await readTail(this.#room.id, LATE_LINES), (item) => this.#authorship.isOwn(item));
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      this.#chat.notice("What was said cannot be read right now");
    }
  }

  async #token(asked: { rejected: boolean }): Promise<string | undefined> {
    const { account, showName } = this.#shell;
    const token = await account.getToken(asked);
    showName();
    return token;
  }

  /** Without it the socket goes on with the token it has, and the next one takes the cookie. */
  async #renew(): Promise<void> {
    try {
      await this.#barrage.renew();
    } catch (error) {
      console.info("Cannot renew the connection", error);
    }
  }

  /** A hidden tab asks for summaries only; what passed meanwhile is told when it is seen again. */
  #pauseWhileHidden(): void {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#skipped.hidden();
      else this.#skipped.visible();
      const done = document.hidden ? this.#live.pause() : this.#live.unpause();
      done.catch((error: unknown) => console.info("Cannot change what this tab receives", error));
    });
  }
}
