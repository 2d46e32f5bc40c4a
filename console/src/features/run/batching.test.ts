import { afterEach, describe, expect, it, vi } from "vitest";
import { batched, MOST, throttled } from "./batching";

describe("batched", () => {
  it("hands on in order what came within a frame, at most so much, and keeps the rest for the next", () => {
    const frames: (() => void)[] = [];
    const taken: number[][] = [];
    const put = batched<number>(
      (numbers) => taken.push([...numbers]),
      (work) => frames.push(work),
    );
    const all = Array.from({ length: 2 * MOST + 7 }, (_, number) => number);
    put(all.slice(0, 3));
    put(all.slice(3));
    expect(taken).toEqual([]);
    while (frames.length > 0) frames.shift()?.();
    expect(taken.map(({ length }) => length)).toEqual([MOST, MOST, 7]);
    expect(taken.flat()).toEqual(all);
  });

  it("waits for nothing where nothing came", () => {
    const schedule = vi.fn();
    batched(() => undefined, schedule)([]);
    expect(schedule).not.toHaveBeenCalled();
  });

  it("takes what arrives while it hands on", () => {
    const frames: (() => void)[] = [];
    const taken: number[] = [];
    const put = batched<number>(
      (numbers) => {
        taken.push(...numbers);
        if (taken.length < 3) put([taken.length + 1]);
      },
      (work) => frames.push(work),
    );
    put([1]);
    while (frames.length > 0) frames.shift()?.();
    expect(taken).toEqual([1, 2, 3]);
  });
});

describe("throttled", () => {
  afterEach(() => void vi.useRealTimers());

  it("works at once, then once for each span in which it was wanted", () => {
    vi.useFakeTimers();
    const work = vi.fn();
    const want = throttled(work, 100);
    for (let count = 0; count < 5; count++) want();
    expect(work).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100);
    expect(work).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(500);
    expect(work).toHaveBeenCalledTimes(2);
    want();
    expect(work).toHaveBeenCalledTimes(3);
  });
});
