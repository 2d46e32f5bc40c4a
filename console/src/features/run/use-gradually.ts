/** How many of some things are to be drawn by now: so many more with each frame, until all are. */
import { useEffect, useState } from "react";

export function useGradually(count: number, atOnce: number): number {
  const [drawn, setDrawn] = useState(atOnce);
  useEffect(() => {
    if (drawn >= count) return;
    const frame = requestAnimationFrame(() => setDrawn(drawn + atOnce));
    return () => cancelAnimationFrame(frame);
  }, [drawn, count, atOnce]);
  return Math.min(drawn, count);
}
