/** The runs that were selected, as they were when they were. */
import { useCallback, useMemo, useState } from "react";
import type { Run } from "./use-runs";

export interface Selection {
  readonly runs: readonly Run[];
  readonly count: number;
  readonly has: (run: Run) => boolean;
  readonly toggle: (run: Run) => void;
  readonly set: (runs: readonly Run[]) => void;
}

export function useSelection(): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Run>>(new Map());
  const toggle = useCallback(
    (run: Run) =>
      setChosen((before) => {
        const next = new Map(before);
        if (!next.delete(run.id)) next.set(run.id, run);
        return next;
      }),
    [],
  );
  const set = useCallback((runs: readonly Run[]) => setChosen(new Map(runs.map((run) => [run.id, run]))), []);
  return useMemo(
    () => ({
      runs: [...chosen.values()],
      count: chosen.size,
      has: (run: Run) => chosen.has(run.id),
      toggle,
      set,
    }),
    [chosen, toggle, set],
  );
}
