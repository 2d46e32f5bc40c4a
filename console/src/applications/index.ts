/** What applications bring to the console, each from a folder of its own beside this file. */
import type { RunTab } from "@/features/run/tab";
import { mlops } from "./mlops";
import { support } from "./support";

export interface Application {
  /** The workflows whose runs it shows. */
  readonly workflows: readonly string[];
  /** Parts of their runs' screens. */
  readonly tabs: readonly RunTab[];
}

export const APPLICATIONS: readonly Application[] = [mlops, support];

/** The parts that applications add to the screen of a run. */
export function tabsOf(workflow: string): readonly RunTab[] {
  return APPLICATIONS.filter(({ workflows }) => workflows.includes(workflow)).flatMap(({ tabs }) => tabs);
}
