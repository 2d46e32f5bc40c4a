/** How a step stands: an icon, a word and a colour, of which the colour is never alone. */
import { Badge } from "@mantine/core";
import {
  IconBan,
  IconCheck,
  IconHourglass,
  IconPlayerPlay,
  type IconProps,
  IconX,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { inspect as text } from "@/strings/inspect";
import type { StepState } from "../journal";

interface Look {
  readonly colour: string;
  readonly icon: ComponentType<IconProps>;
}

export const LOOKS: Readonly<Record<StepState, Look>> = {
  running: { colour: "blue", icon: IconPlayerPlay },
  waiting: { colour: "amber", icon: IconHourglass },
  completed: { colour: "green", icon: IconCheck },
  failed: { colour: "red", icon: IconX },
  withdrawn: { colour: "gray", icon: IconBan },
};

export function StateMark({ state }: { readonly state: StepState }) {
  const { colour, icon: Icon } = LOOKS[state];
  return (
    <Badge color={colour} variant="light" size="sm" leftSection={<Icon size={12} aria-hidden />}>
      {text.states[state]}
    </Badge>
  );
}
