/** Codes of upstreams are words or numbers; whatever else comes in their place could be a key or somebody's text. */
const CODE = /^[A-Za-z0-9_.-]{1,48}$/;

/** The code as it may be logged; undefined when it looks like anything else, or holds a secret. */
export function codeOf(code: unknown, secret: Readonly<Record<string, string>>): string | undefined {
  const text = String(code ?? "");
  if (!CODE.test(text)) return undefined;
  return Object.values(secret).some((value) => value !== "" && text.includes(value)) ? undefined : text;
}
