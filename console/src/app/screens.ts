/** Every screen of the console. Navigation, command palette and router read this list and nothing else. */
import { auditScreens } from "@/features/audit/screens";
import { budgetsScreens } from "@/features/budgets/screens";
import { chatsScreens } from "@/features/chats/screens";
import { evaluationsScreens } from "@/features/evaluations/screens";
import { experimentsScreens } from "@/features/experiments/screens";
import { guardsScreens } from "@/features/guards/screens";
import { healthScreens } from "@/features/health/screens";
import { inboxScreens } from "@/features/inbox/screens";
import { modelsScreens } from "@/features/models/screens";
import { policiesScreens } from "@/features/policies/screens";
import { promptsScreens } from "@/features/prompts/screens";
import { runScreens } from "@/features/run/screens";
import { runsScreens } from "@/features/runs/screens";
import { schedulesScreens } from "@/features/schedules/screens";
import { settingsScreens } from "@/features/settings/screens";
import { startScreens } from "@/features/start/screens";
import { switchesScreens } from "@/features/switches/screens";
import { usageScreens } from "@/features/usage/screens";
import { workersScreens } from "@/features/workers/screens";
import type { Screen } from "./screen";

export const SCREENS: readonly Screen[] = [
  ...startScreens,
  ...runsScreens,
  ...runScreens,
  ...inboxScreens,
  ...chatsScreens,
  ...policiesScreens,
  ...budgetsScreens,
  ...switchesScreens,
  ...guardsScreens,
  ...auditScreens,
  ...modelsScreens,
  ...usageScreens,
  ...promptsScreens,
  ...experimentsScreens,
  ...evaluationsScreens,
  ...healthScreens,
  ...schedulesScreens,
  ...settingsScreens,
  ...workersScreens,
];
