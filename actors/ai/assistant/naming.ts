/** Goes on with a name; where no spaces stand between words, none has to stand behind a name. */
const GOES_ON =
  /^(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}_]/u;

/** Whether `@name` stands in the text, as a whole; case, width and spacing do not count. */
export function callsByName(text: string, name: string): boolean {
  const [said, called] = [plain(text), `@${plain(name)}`];
  for (let at = said.indexOf(called); at !== -1; at = said.indexOf(called, at + 1)) {
    if (!GOES_ON.test(said.slice(at + called.length))) return true;
  }
  return false;
}

function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
}
