import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useGradually } from "./use-gradually";

describe("what is drawn gradually", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const nextFrame = () => act(() => vi.advanceTimersToNextFrame());

  it("is so much more with each frame, until it is all, and goes on where there is more", () => {
    const { result, rerender } = renderHook(({ count }) => useGradually(count, 4), {
      initialProps: { count: 10 },
    });
    const seen = [result.current];
    for (let frame = 0; frame < 3; frame += 1) {
      nextFrame();
      seen.push(result.current);
    }
    expect(seen).toEqual([4, 8, 10, 10]);
    rerender({ count: 13 });
    nextFrame();
    expect(result.current).toBe(13);
  });

  it("is all at once where that is little", () => {
    const { result } = renderHook(() => useGradually(3, 4));
    expect(result.current).toBe(3);
  });
});
