/** The project's folder and the one for everything a run leaves behind, as absolute paths. */
export const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
export const OUT = `${ROOT}/bench/out`;
