import { type SecretInput, UsageError } from "./command.ts";

/** Longer ones are no secret of a provider. */
const INPUT_MAX = 64 * 1_024;

/**
 * @param fields What the secret is made of. Piped in, a single one may stand alone; several come as a JSON object.
 * @throws {UsageError} which does not repeat what was given.
 */
export async function readSecret(
  input: SecretInput,
  fields: readonly string[],
): Promise<Record<string, string>> {
  const secret: Record<string, string> = {};
  if (fields.length === 0) return secret;
  if (input.terminal) {
    for (const field of fields) secret[field] = (await input.prompt(`${field}: `)).trim();
  } else {
    Object.assign(secret, parse((await input.read()).trim(), fields));
  }
  const empty = fields.find((field) => secret[field] === undefined || secret[field] === "");
  if (empty !== undefined) throw new UsageError(`Give ${empty}: ${howTo(fields)}`);
  return secret;
}

function parse(text: string, fields: readonly string[]): Record<string, string> {
  const [only, second] = fields;
  if (only !== undefined && second === undefined && !text.startsWith("{")) return { [only]: text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`Cannot read the secret: ${howTo(fields)}`);
  }
  const entries = Object.entries(value ?? {});
  if (!entries.every(([field, text]) => fields.includes(field) && typeof text === "string")) {
    throw new UsageError(`Cannot use the secret: ${howTo(fields)}`);
  }
  return Object.fromEntries(entries);
}

function howTo(fields: readonly string[]): string {
  const object = `{${fields.map((field) => `"${field}": "..."`).join(", ")}}`;
  return fields.length === 1 ? "pipe it in, alone on a line" : `pipe in ${object}`;
}

/** This process's own input. */
export const STANDARD_INPUT: SecretInput = {
  get terminal() {
    return Deno.stdin.isTerminal();
  },
  async prompt(question) {
    await Deno.stderr.write(new TextEncoder().encode(question));
    Deno.stdin.setRaw(true, { cbreak: true });
    try {
      return await readLine();
    } finally {
      Deno.stdin.setRaw(false);
      await Deno.stderr.write(new TextEncoder().encode("\n"));
    }
  },
  async read() {
    let text = "";
    for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.length > INPUT_MAX) throw new UsageError("Cannot use the secret: it is too long");
    }
    return text;
  },
};

/** In raw mode nobody edits the line for us. */
async function readLine(): Promise<string> {
  const bytes = new Uint8Array(1_024);
  const decoder = new TextDecoder();
  let line = "";
  for (;;) {
    const count = await Deno.stdin.read(bytes);
    if (count === null) return line;
    for (const character of decoder.decode(bytes.subarray(0, count), { stream: true })) {
      if (character === "\r" || character === "\n") return line;
      if (character === "\u007f" || character === "\b") line = line.slice(0, -1);
      else if (line.length < INPUT_MAX) line += character;
    }
  }
}
