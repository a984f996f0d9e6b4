/** Where the keyboard lies over the page instead of making it smaller, the page is made smaller here. */
export function fitKeyboard(page: HTMLElement): void {
  const { visualViewport } = globalThis;
  if (visualViewport === null) return;
  const fit = () => {
    const covered = innerHeight - visualViewport.height * visualViewport.scale;
    page.style.setProperty("--keyboard", covered > 80 ? `${Math.round(covered)}px` : "0px");
  };
  visualViewport.addEventListener("resize", fit);
  fit();
}
