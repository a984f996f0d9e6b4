import type { Context, MiddlewareHandler } from "hono";

/** Where the templates of a page go, in the frame that all of them share. */
const TEMPLATES = "<!-- {{templates}} -->";
const NAME = "{{page}}";

/** What a page is told of the server, in the place of `{{name}}`. */
export type PageFacts = Readonly<Record<string, boolean>>;

/**
 * The page `<name>.html` of a folder: its templates in the frame of `shell.html`, with the styles and the script that are
 * called like it. Read each time, as other files of the page are.
 */
export function servePage(folder: string, name: string, facts: PageFacts = {}): MiddlewareHandler {
  return async (c: Context) => {
    const [shell, templates] = await Promise.all([
      Deno.readTextFile(`${folder}/shell.html`),
      Deno.readTextFile(`${folder}/${name}.html`),
    ]);
    const page = shell.replaceAll(NAME, name).replace(TEMPLATES, () => templates);
    return c.html(
      Object.entries(facts).reduce((html, [fact, is]) => html.replace(`{{${fact}}}`, `${is}`), page),
    );
  };
}
