import type { Kysely } from "kysely";
import type { AiFile } from "protocol/ai.ts";
import type { FileStore } from "./ai_storage.ts";
import type { Engine } from "./engine.ts";
import type { Database } from "./schema.ts";

/** Pictures and slides; they go with their answer. */
export class AiFiles implements FileStore {
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#db = engine.db;
  }

  async write({ id, type, name }: AiFile, answer: string, bytes: Uint8Array): Promise<void> {
    await this.#db.insertInto("ai_file").values({ id, answer_id: answer, type, name, content: bytes })
      .onConflict((conflict) => conflict.column("id").doNothing()).execute();
  }

  async read(id: string): Promise<{ file: AiFile; answer: string; bytes: Uint8Array } | undefined> {
    const row = await this.#db.selectFrom("ai_file").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) return undefined;
    const { type, name, content } = row;
    return {
      file: { id, type, name, bytes: content.length },
      answer: row.answer_id,
      bytes: new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.byteLength),
    };
  }
}
