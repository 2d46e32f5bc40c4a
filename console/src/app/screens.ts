/** Every screen of the console. Navigation, command palette and router read this list and nothing else. */
import { runScreens } from "@/features/run/screens";
import { runsScreens } from "@/features/runs/screens";
import { startScreens } from "@/features/start/screens";
import type { Screen } from "./screen";

export const SCREENS: readonly Screen[] = [...startScreens, ...runsScreens, ...runScreens];
