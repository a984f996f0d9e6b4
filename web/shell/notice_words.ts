/**
 * What is not to be had for now; undefined when nobody here would notice.
 * @param page As the body's `data-page`.
 */
export function noticeWords(
  switches: readonly string[],
  isMember: boolean,
  page: string | undefined,
): string | undefined {
  const on = (name: string) => switches.includes(name);
  if (on("read-only")) return "For now nothing can be changed here";
  if (on("shed-guests") && !isMember) return "Very busy right now: guests have to wait a little";
  if (on("shed-ai") && page === "ai") return "Very busy right now: new questions have to wait a little";
  if (on("shed-low")) return "Very busy right now: some things have to wait a little";
  return undefined;
}
