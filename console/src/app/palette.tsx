/** The command palette (Ctrl+K, or ⌘K): every screen that one may see, and runs by their id. */
import "@mantine/spotlight/styles.css";
import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { groups } from "@/strings/names";
import { shell as text } from "@/strings/shell";
import { SCREENS } from "./screens";
import { useCan } from "./session";

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export default function Palette() {
  const navigate = useNavigate();
  const can = useCan();
  const [query, setQuery] = useState("");
  const actions: SpotlightActionData[] = SCREENS.filter(
    (screen) => screen.group !== undefined && can(screen.permission),
  ).map((screen) => ({
    id: screen.path,
    label: screen.name,
    description: screen.group ? groups[screen.group] : "",
    leftSection: <screen.icon size={18} stroke={1.6} />,
    onClick: () => {
      void navigate({ to: screen.path });
    },
  }));
  const id = query.trim();
  if (RUN_ID.test(id) && can("runs:read")) {
    actions.unshift({
      id,
      label: text.openRun(id),
      onClick: () => {
        void navigate({ to: "/runs/$runId", params: { runId: id } });
      },
    });
  }
  return (
    <Spotlight
      actions={actions}
      query={query}
      onQueryChange={setQuery}
      shortcut="mod + K"
      nothingFound={text.nothingFound}
      highlightQuery
      limit={20}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: text.searchPlaceholder,
        "aria-label": text.search,
      }}
    />
  );
}
