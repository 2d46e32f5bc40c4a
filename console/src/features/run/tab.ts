/** What a part of a run's screen is: the console's own ones and those of applications. */
import type { ComponentType } from "react";
import type { Schema } from "@/api/client";
import type { RunView } from "./journal";

export interface RunTabProps {
  readonly run: Schema<"Run">;
  readonly view: RunView;
}

export interface RunTab {
  /** Stands in the address as `?tab=`. */
  readonly id: string;
  readonly name: string;
  readonly load: () => Promise<{ default: ComponentType<RunTabProps> }>;
  /** Whether there is anything to show; without it there always is. */
  readonly applies?: (props: RunTabProps) => boolean;
}
