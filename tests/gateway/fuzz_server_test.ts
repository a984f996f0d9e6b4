import { doesNotMatch, equal, ok } from "node:assert/strict";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import type { Codec, Frame } from "protocol/codec.ts";
import { CODECS } from "protocol/codecs.ts";
import { BarrageError } from "protocol/errors.ts";
import { type Envelope, readIncoming } from "protocol/envelope.ts";
import { Chance, FrameFuzzer, type Vocabulary } from "tests/support/fuzz_frames.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { openHandles, residentBytes } from "tests/support/process_facts.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { type ReplyMessage, SocketClient } from "tests/support/socket_client.ts";

const SEED = 20_261_120;
const ROUNDS = 5;
/** Eight lanes share them. */
const FRAMES_PER_ROUND = Number(Deno.env.get("FUZZ_FRAMES") ?? 24_000) / ROUNDS;
const LANES = 8;
const FRAME_MAX_BYTES = 4_096;
/** Of the gateway: one more frame without sense closes the socket. */
const BAD_FRAMES_MAX = 20;
const FRAMES_PER_SOCKET = 400;
const CHUNK = 40;
/** Before the gateway forgives the first frame without sense. */
const SOCKET_MS = 4_000;
/** Measured: 2 MiB. What four fifths of the frames leaked, even if a few hundred bytes each, would be more. */
const MEMORY_MARGIN_BYTES = 8 * 1_048_576;
const HANDLES_MARGIN = 8;

const CODES: ReadonlySet<number> = new Set(Object.values(CLOSE_CODES).map(({ code }) => code));

Deno.test(`[G80] ${ROUNDS * FRAMES_PER_ROUND} broken frames break nothing, leak nothing, and no call goes unanswered`, async (t) => {
  await using server = await startServer({
    FRAME_MAX_BYTES,
    CALLS_PER_SECOND: 10_000,
    CALLS_BURST: 20_000,
    CALLS_IN_FLIGHT: 1_024,
    TICK_MS: 20,
    // A small heap is collected often, so that what stays in memory is what is held.
    DENO_V8_FLAGS: "--max-old-space-size=64",
    // The clients of this test share one process, and it is no slow reader that is to be found here.
    ROOM_RECENT_ITEMS: 5,
    SEND_QUEUE_MAX_BYTES: 16_777_216,
  });
  const guests = await Promise.all(
    Array.from({ length: 4 }, (_, n) => HttpClient.guest(server.url, `Guest ${n}`)),
  );
  const rooms = await Promise.all(guests.map(async (guest) => (await guest.room()).id));
  const words: Vocabulary = {
    rooms: [...rooms, "01JD3Y4B6V8Q2Z5K7M9N0P1R2S"],
    tokens: [...guests.map(({ token }) => token), "garbage"],
  };
  let memory = 0;
  let handles = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await t.step(`round ${round + 1}`, async () => {
      await Promise.all(Array.from({ length: LANES }, (_, lane) => {
        const chance = new Chance(SEED + round * LANES + lane);
        return new Lane(server, CODECS[lane % CODECS.length]!, chance, words).send(FRAMES_PER_ROUND / LANES);
      }));
      await server.metricIs("barrage_sockets", 0);
      await server.metricIs("barrage_viewers", 0);
      await server.metricIs('barrage_actors{kind="session"}', 0);
    });
    if (round === 0) {
      memory = await residentBytes(server.pid);
      handles = await openHandles(server.pid);
    }
  }
  const grown = await residentBytes(server.pid) - memory;
  ok(grown < MEMORY_MARGIN_BYTES, `grew by ${Math.round(grown / 1_048_576)} MiB`);
  ok(await openHandles(server.pid) - handles < HANDLES_MARGIN);
  equal(await server.metric("barrage_actor_restarts_total"), 0);
  doesNotMatch(server.errorOutput, /"level":"(ERROR|FATAL)"/);
});

/** Sends frames over one socket after the other. */
class Lane {
  readonly #server: Server;
  readonly #codec: Codec;
  readonly #chance: Chance;
  readonly #words: Vocabulary;
  readonly #fuzzer: FrameFuzzer;

  constructor(server: Server, codec: Codec, chance: Chance, words: Vocabulary) {
    this.#server = server;
    this.#codec = codec;
    this.#chance = chance;
    this.#words = words;
    this.#fuzzer = new FrameFuzzer(chance, codec, words);
  }

  async send(frames: number): Promise<void> {
    while (frames > 0) {
      const client = await SocketClient.open(this.#server.socketUrl, { codec: this.#codec });
      if (this.#chance.below(4) > 0) await client.call("session.hello", { token: this.#words.tokens[0] });
      frames -= await this.#use(client, Math.min(frames, FRAMES_PER_SOCKET));
    }
  }

  /** Sends until the socket is closed, by us when it has served long enough; returns how many frames went out. */
  async #use(client: SocketClient, frames: number): Promise<number> {
    const ledger = new Ledger();
    const retireAt = performance.now() + SOCKET_MS;
    let sent = 0;
    while (sent < frames && performance.now() < retireAt) {
      sent++;
      const frame = this.#fuzzer.next();
      const fatal = ledger.enter(frame, this.#codec);
      // What is sent to a socket that is being closed would take the code away from us.
      if (fatal || sent % CHUNK === 0) await client.call("session.ping");
      client.sendRaw(frame);
      if (!fatal) continue;
      const { code } = await client.closed;
      ok(CODES.has(code), `closed with ${code}`);
      return sent;
    }
    await client.until(() => ledger.settle(client), "all answers", AbortSignal.timeout(10_000));
    await client[Symbol.asyncDispose]();
    return sent;
  }
}

/** Which answers one socket still owes. */
class Ledger {
  readonly #owed = new Map<string, number>();
  #strikes = 0;

  /** True when the frame must close the socket. */
  enter(frame: Frame, codec: Codec): boolean {
    const bytes = typeof frame === "string" ? new TextEncoder().encode(frame).length : frame.length;
    if (bytes > FRAME_MAX_BYTES) return true;
    for (const envelope of envelopesOf(frame, codec)) {
      if (envelope.kind === "request" || envelope.kind === "invalid") this.#owe(envelope.id, 1);
      if (envelope.kind === "reply" || envelope.kind === "invalid") this.#strikes++;
    }
    return this.#strikes > BAD_FRAMES_MAX;
  }

  /** Takes what has been answered off; true when nothing is owed any more. */
  settle(client: SocketClient): boolean {
    for (const message of client.inbox.splice(0)) {
      for (const reply of Array.isArray(message) ? message : [message]) {
        if ("method" in reply) continue;
        this.#owe(reply.id, -1);
        noInternal(reply);
      }
    }
    return this.#owed.size === 0;
  }

  #owe(id: string | number | null, change: number): void {
    const key = `${typeof id} ${id}`;
    const owed = (this.#owed.get(key) ?? 0) + change;
    if (owed === 0) this.#owed.delete(key);
    else this.#owed.set(key, owed);
  }
}

function envelopesOf(frame: Frame, codec: Codec): readonly Envelope[] {
  let decoded: unknown;
  try {
    decoded = codec.decode(frame);
  } catch (error) {
    return [{ kind: "invalid", id: null, error: BarrageError.from(error) }];
  }
  const incoming = readIncoming(decoded);
  return incoming.kind === "single" ? [incoming.envelope] : incoming.envelopes;
}

function noInternal({ error }: ReplyMessage): void {
  ok(error?.data.reason !== "internal", error?.message ?? "");
}
