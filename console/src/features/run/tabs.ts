/** The parts of a run's screen that every run has, beside the first one. */
import type { RunTab } from "./tab";

export const TABS: readonly RunTab[] = [];
