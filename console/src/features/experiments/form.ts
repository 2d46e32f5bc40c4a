/** The form of a new experiment: what is typed, and what is sent. */
import type { Schema } from "@/api/client";

export type Metric = Schema<"Metric">;

export interface ArmTyped {
  /** Only for telling rows apart. */
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly model: string;
  readonly weight: string;
}

export interface GuardTyped {
  readonly worseBy: string;
  readonly bound: string;
}

export interface Typed {
  readonly name: string;
  readonly kind: "prompt" | "model";
  readonly about: string;
  readonly key: Schema<"SplitKey">;
  readonly control: string;
  readonly arms: readonly ArmTyped[];
  readonly isRollout: boolean;
  readonly stages: string;
  readonly hours: string;
  readonly calls: string;
  readonly guards: Readonly<Record<Metric, GuardTyped>>;
  readonly alpha: string;
  readonly everybody: boolean;
}

export const BEGINNING: Typed = {
  name: "",
  kind: "prompt",
  about: "",
  key: "run",
  control: "",
  arms: [{ id: 1, name: "candidate", version: "candidate", model: "", weight: "50" }],
  isRollout: false,
  stages: "1, 10, 50, 100",
  hours: "1",
  calls: "100",
  guards: {
    validity: { worseBy: "2", bound: "" },
    errors: { worseBy: "2", bound: "" },
    cost: { worseBy: "50", bound: "" },
    latency: { worseBy: "50", bound: "" },
    feedback: { worseBy: "0.2", bound: "" },
  },
  alpha: "0.05",
  everybody: false,
};

/** What is sent. The server says what is wrong with it. */
export function bodyOf(typed: Typed): Schema<"NewExperiment"> {
  const isPrompt = typed.kind === "prompt";
  const about = typed.about.trim();
  const others = typed.isRollout ? typed.arms.slice(0, 1) : typed.arms;
  const control = typed.control.trim() || null;
  return {
    name: typed.name.trim(),
    about: isPrompt ? about : `model:${about}`,
    key: typed.key,
    alpha: Number(typed.alpha),
    everybody: typed.everybody,
    guards: guardsOf(typed.guards),
    arms: [
      { name: "control", version: isPrompt ? control : null, model: isPrompt ? null : control, weight: "0" },
      ...others.map((arm) => ({
        name: arm.name.trim(),
        version: (isPrompt && arm.version.trim()) || null,
        model: arm.model.trim() || null,
        weight: typed.isRollout ? "0" : arm.weight.trim(),
      })),
    ],
    rollout: typed.isRollout
      ? {
          stages: typed.stages.split(/[\s,]+/).filter(Boolean),
          minimum_seconds: Math.round(Number(typed.hours) * 3600),
          minimum_calls: Number(typed.calls),
        }
      : null,
  };
}

function guardsOf(guards: Typed["guards"]): Schema<"Guard">[] {
  return (Object.entries(guards) as [Metric, GuardTyped][])
    .filter(([, { worseBy, bound }]) => worseBy.trim() !== "" || bound.trim() !== "")
    .map(([metric, { worseBy, bound }]) => ({
      metric,
      worse_by: worseBy.trim() === "" ? null : Number(worseBy),
      bound: bound.trim() === "" ? null : Number(bound),
    }));
}
