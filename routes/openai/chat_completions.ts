import { answerActor } from "actors/ai/answer/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Catalogue } from "actors/ai/catalogue.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { AiDone, AiRequest, AnswerView } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { AnswerStream, AnswerStreams } from "../answer_streams.ts";
import { EVENT_HEADERS, EventBody } from "../event_body.ts";
import type { AiHub } from "../gateway/ai/ai_hub.ts";
import type { SignedIn, Verified } from "../verifier.ts";
import { completion, type Heading, headingOf } from "./completion.ts";
import { failureOf } from "./errors.ts";
import { answerIdOf } from "./idempotency.ts";
import { type ChatRequest, optionsOf, refuseUnsupported } from "./protocol.ts";
import { StreamReader } from "./stream_reader.ts";
import { WholeReader } from "./whole_reader.ts";

/** For so long a stream without any text may still become a failure with a status, which clients repeat. */
const BEGINNING_MS = 2_000;

export interface CompletionParts {
  readonly node: ActorNode;
  readonly hub: AiHub;
  readonly streams: AnswerStreams;
  readonly catalogue: Catalogue;
}

export interface Asking {
  readonly caller: SignedIn;
  readonly model: string;
  readonly request: AiRequest;
  readonly headers: Headers;
}

/** The id of the answer to read; the same `Idempotency-Key` is the same answer. */
export async function askOnce(
  node: ActorNode,
  { caller, model, request, headers }: Asking,
): Promise<{ readonly answer: string; readonly view: AnswerView }> {
  const { ids, clock } = node.ports;
  const key = headers.get("idempotency-key");
  const id = key === null ? ids.next() : answerIdOf(key, caller.user.id, clock.now());
  // Of a text nothing is left when the machine loses its power: neither its reader nor its connection.
  const early = request.feature === "text";
  const ask = { model, request, band: "normal", detached: false, early } as const;
  return await node.ref(answerActor, id, caller).ask(ask, { bytes: JSON.stringify(request).length });
}

export async function completeChat(
  { node, hub, streams, catalogue }: CompletionParts,
  verified: Verified,
  body: ChatRequest,
  { signal, headers }: Request,
): Promise<Response> {
  refuseUnsupported(body);
  const { caller } = verified;
  const { messages } = body;
  const { model } = await catalogue.find("text", body.model);
  const request: AiRequest = { feature: "text", messages, options: optionsOf(body) };
  using held = new DisposableStack();
  const place = held.use(streams.open(verified));
  const { answer, view } = await askOnce(node, { caller, model, request, headers });
  const heading = headingOf(answer, model, view.askedAt);
  if (body.stream === true) {
    const withUsage = body.stream_options?.include_usage === true;
    held.move();
    return await streamChat({ node, hub }, { caller, answer, heading, withUsage, place, signal });
  }
  const { text, done } = await readWhole(hub, answer, caller, [signal, place.signal]);
  return Response.json(completion(heading, text, done));
}

interface Streaming {
  readonly caller: SignedIn;
  readonly answer: string;
  readonly heading: Heading;
  readonly withUsage: boolean;
  readonly place: AnswerStream;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

async function streamChat(
  { node, hub }: Pick<CompletionParts, "node" | "hub">,
  { caller, answer, heading, withUsage, place, signal }: Streaming,
): Promise<Response> {
  const { clock } = node.ports;
  const left = new DisposableStack();
  left.use(place);
  const events = new EventBody(clock, node.drops, () => left.dispose());
  try {
    const reader = new StreamReader(heading, withUsage, events);
    const joined = await hub.read(answer, reader, caller, 0);
    left.defer(() => joined.leave());
    onAbort(place.signal, () => reader.fail(place.signal.reason as BarrageError));
    reader.begin(joined.view);
    joined.begin();
    // A client that leaves now has not got the body that it could cancel.
    await Promise.race([reader.begun, lasting(clock, BEGINNING_MS, left), gone(signal)]);
    return new Response(events.stream, { headers: EVENT_HEADERS });
  } catch (error) {
    events.end();
    throw error;
  }
}

/** @throws {BarrageError} What the answer failed with, or why it is read no longer. */
export async function readWhole(
  hub: AiHub,
  answer: string,
  caller: SignedIn,
  signals: readonly AbortSignal[],
): Promise<{ readonly text: string; readonly done: AiDone }> {
  const reader = new WholeReader();
  const joined = await hub.read(answer, reader, caller, 0);
  try {
    reader.begin(joined.view.text);
    joined.begin();
    const ended = await Promise.race([reader.ended, ...signals.map(gone)]);
    const { state, error } = ended.done;
    if (state === "cancelled") throw new BarrageError("gone", "The answer was cancelled");
    if (state === "failed") throw error === undefined ? new BarrageError("internal") : failureOf(error);
    return ended;
  } finally {
    joined.leave();
  }
}

/** Rejects when the signal is aborted: with its reason, if that is one to be shown. */
function gone(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  onAbort(signal, () => {
    const { reason } = signal;
    reject(reason instanceof BarrageError ? reason : new BarrageError("gone", "The client has gone"));
  });
  promise.catch(() => {});
  return promise;
}

function lasting(clock: Clock, ms: number, left: DisposableStack): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  left.defer(clock.after(ms, resolve));
  return promise;
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}
