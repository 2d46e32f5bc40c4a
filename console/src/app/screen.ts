/** What a screen is: its address, its name, who may see it, and where its code is. */
import type { ComponentType, FunctionComponent } from "react";
import type { Permission } from "./session";

export type Group = "work" | "governance" | "models" | "operations" | "settings";

export interface Screen {
  /** The path below /console, with `$name` for what varies. */
  readonly path: string;
  readonly name: string;
  /** The part of the navigation that it stands in; undefined where it is reached from another screen. */
  readonly group?: Group;
  readonly icon: ComponentType<{ size?: number | string; stroke?: number | string }>;
  /** Without it the screen is not offered; the server refuses its data all the same. */
  readonly permission?: Permission;
  readonly load: () => Promise<{ default: FunctionComponent }>;
}
