/** Figures of an experiment as people read them. */
import type { Schema } from "@/api/client";
import { experiments as text } from "@/strings/experiments";

/** `2.1 (0.4 to 3.8)`; "" where too little was seen. */
export function toldOf({ metric, estimate, low, high }: Schema<"ArmDifference">): string {
  if (estimate === null || low === null || high === null) return "";
  const digits = metric === "feedback" ? 2 : 1;
  const told = (value: number) =>
    Math.abs(value) > 1e6 ? `${value < 0 ? "-" : ""}∞` : value.toFixed(digits);
  return text.interval(told(estimate), told(low), told(high));
}

/** What a guard says, for people. */
export function guardText({ metric, worse_by, bound }: Schema<"Guard">): string {
  const parts: string[] = [];
  if (worse_by !== null && worse_by !== undefined)
    parts.push(text.worseBy(String(worse_by), text.units[metric]));
  if (bound !== null && bound !== undefined) parts.push(text.bounds[metric](String(bound)));
  return parts.join("; ");
}

/** What an arm does: asks a version, a model, or neither. */
export function armText({ version, model }: Pick<Schema<"Arm">, "version" | "model">): string {
  const parts = [version ? text.version(version) : "", model ? text.model(model) : ""].filter(Boolean);
  return parts.join(", ") || text.asWithout;
}

/** The share of each arm in per cent: the control has what those leave that are not stopped. */
export function sharesOf(arms: readonly Pick<Schema<"Arm">, "name" | "weight" | "stopped_at">[]) {
  const shares = new Map(arms.map((arm) => [arm.name, arm.stopped_at ? 0 : Number(arm.weight)]));
  shares.delete("control");
  const given = [...shares.values()].reduce((sum, share) => sum + share, 0);
  return new Map([["control", Number((100 - given).toFixed(2))], ...shares]);
}
