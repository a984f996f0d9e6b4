// Runs in the page. Scrolls through its lists as somebody does, and tells what it has seen on the way.

const frames = async (count) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
};

/** From the first conversation to the last: how many rows were in the page at most. */
globalThis.lookThrough = async () => {
  const scroll = document.querySelector(".people-scroll");
  let most = 0;
  for (let top = 0; top < scroll.scrollHeight; top += 900) {
    scroll.scrollTop = top;
    await frames(2);
    most = Math.max(most, document.querySelectorAll(".row").length);
  }
  return most;
};

/** Up to the line with these words: how many were in the page at most, how often one jumped, how slow a step was. */
globalThis.readUpTo = async (words, deadlineMs) => {
  const scroll = document.querySelector(".thread-scroll");
  const seen = { most: 0, jumps: 0, slowestMs: 0, steps: 0, found: false };
  const until = performance.now() + deadlineMs;
  while (!seen.found && performance.now() < until) {
    const lines = [...scroll.querySelectorAll("[data-seq]")];
    const watched = lines.find((line) => line.getBoundingClientRect().top > 150);
    const before = watched?.getBoundingClientRect().top;
    const began = performance.now();
    const step = Math.min(300, scroll.scrollTop);
    scroll.scrollTop -= step;
    await frames(2);
    seen.slowestMs = Math.max(seen.slowestMs, Math.round(performance.now() - began));
    seen.most = Math.max(seen.most, lines.length);
    seen.steps++;
    if (watched?.isConnected && Math.abs(watched.getBoundingClientRect().top - before - step) > 2) {
      seen.jumps++;
    }
    seen.found = scroll.textContent.includes(words);
  }
  return seen;
};
