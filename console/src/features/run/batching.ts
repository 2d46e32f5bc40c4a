/** Work that is put off so that much of it at once does not hold up the page. */

/** Events that are taken in one frame: they take a few milliseconds. */
export const MOST = 500;

type Schedule = (work: () => void) => void;

/** Takes things as they arrive and hands them on with a later frame, in order, at most `MOST` at a time. */
export function batched<T>(take: (things: readonly T[]) => void, schedule: Schedule = nextFrame) {
  let waiting: T[] = [];
  const flush = () => {
    const things = waiting.slice(0, MOST);
    waiting = waiting.slice(MOST);
    if (waiting.length > 0) schedule(flush);
    take(things);
  };
  return (things: readonly T[]): void => {
    if (things.length === 0) return;
    if (waiting.length === 0) schedule(flush);
    waiting = waiting.concat(things);
  };
}

/** Milliseconds between two times that things are handed on: a page that is drawn anew has time for its reader. */
const REST = 40;

/** With a frame, after a rest; a page in the background has none, and is shown what came a few times a second. */
function nextFrame(work: () => void): void {
  if (document.visibilityState === "visible") setTimeout(() => requestAnimationFrame(work), REST);
  else setTimeout(work, 250);
}

/** Calls `work` at once, and again at the end of each span in which it was wanted. */
export function throttled(work: () => void, milliseconds: number): () => void {
  let isResting = false;
  let isWanted = false;
  const run = () => {
    isResting = true;
    isWanted = false;
    work();
    setTimeout(() => {
      isResting = false;
      if (isWanted) run();
    }, milliseconds);
  };
  return () => {
    if (isResting) isWanted = true;
    else run();
  };
}
