import { clone, find, make } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { darkIsShown } from "../shell/theme.ts";

const SWAGGER = "/assets/swagger/swagger-ui";

interface ApiRequest {
  readonly loadSpec?: boolean;
  readonly headers: Record<string, string>;
}

/** The global of swagger-ui-bundle.js. */
declare const SwaggerUIBundle: (options: {
  readonly url: string;
  readonly dom_id: string;
  readonly deepLinking: boolean;
  readonly tryItOutEnabled: boolean;
  readonly requestInterceptor: (request: ApiRequest) => Promise<ApiRequest>;
}) => void;

/** Every route, to read and to try as whoever looks at the page. */
export async function showApi({ main, account }: Shell): Promise<void> {
  document.title = "API · Barrage";
  document.body.dataset.page = "docs";
  const page = clone("docs-page");
  find(page, ".docs-note", HTMLElement).textContent = account.isMember
    ? `What you try here is done as ${account.name ?? "you"}, unless you authorize somebody else.`
    : "What you try here is done as a guest, unless you sign in or authorize somebody else.";
  main.replaceChildren(page);
  followTheme();
  await loadSwagger();
  SwaggerUIBundle({
    url: "/v1/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    tryItOutEnabled: true,
    requestInterceptor: async (request) => {
      // A member is told by the cookie.
      const known = account.isMember || request.headers.Authorization !== undefined;
      if (known || request.loadSpec === true) return request;
      const token = await account.getToken({ rejected: false });
      return { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } };
    },
  });
}

/** It has a class of its own for the dark. */
function followTheme(): void {
  const root = document.documentElement;
  const show = () => root.classList.toggle("dark-mode", darkIsShown());
  show();
  new MutationObserver(show).observe(root, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", show);
}

function loadSwagger(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const styles = make("link", "");
  styles.rel = "stylesheet";
  styles.href = `${SWAGGER}.css`;
  const script = make("script", "");
  script.src = `${SWAGGER}-bundle.js`;
  script.addEventListener("load", () => resolve());
  script.addEventListener("error", () => reject(new Error("Cannot show the API: its viewer did not load")));
  // Before the page's own styles, which have the last word.
  document.head.prepend(styles);
  document.head.append(script);
  return promise;
}
