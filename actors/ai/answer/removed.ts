import { getLogger } from "@logtape/logtape";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AnswerStore } from "storage/ai_storage.ts";
import { answerActor } from "./definition.ts";

const log = getLogger(["barrage", "ai"]);

/** More than one user may have under way anywhere. */
const OPEN_MAX = 1_000;

/**
 * Ends what is being answered for somebody whose account is gone; it goes on for others who asked the same. What is
 * missed ends by itself, at the latest when its time is over.
 */
export async function endAnswersOf(
  user: string,
  { node, answers }: { readonly node: ActorNode; readonly answers: Pick<AnswerStore, "open"> },
): Promise<void> {
  try {
    const open = await answers.open(user, OPEN_MAX);
    await Promise.all(open.map((answer) => node.ref(answerActor, answer).withdraw({ user })));
  } catch (error) {
    log.warn("Cannot end the answers of a removed account: {error}", { error });
  }
}
