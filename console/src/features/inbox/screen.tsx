/** The inbox: what waits for people, on the left, and one of it on the right. */
import { ActionIcon, Badge, Box, Group, ScrollArea, Tabs, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKeyboard } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMe } from "@/app/session";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { inbox as text } from "@/strings/inbox";
import { names } from "@/strings/names";
import { APPROVE, COMMENT } from "./decision";
import { Detail } from "./detail";
import classes from "./inbox.module.css";
import { useKeys, useKeysWanted } from "./keys";
import { KeysHelp } from "./keys-help";
import { QuestionList } from "./list";
import {
  type Listed,
  useLiveQuestions,
  useQuestion,
  useQuestions,
  useQuestionsOfRoles,
  VIEWS,
  type View,
  viewOf,
} from "./use-questions";

export default function InboxScreen() {
  const { questionId } = useParams({ strict: false }) as { questionId?: string };
  const view = viewOf((useSearch({ strict: false }) as { view?: string }).view);
  const [wanted, setWanted] = useKeysWanted();
  const [helps, help] = useDisclosure();
  const connection = useLiveQuestions(useShown(questionId));
  const live = connection === "connected";
  const lists = useLists(view, live);
  useKeys(wanted, {
    next: () => step(1),
    previous: () => step(-1),
    approve: () => focusOn(APPROVE),
    refuse: () => focusOn(COMMENT),
    help: help.open,
  });
  const keys = (
    <Tooltip label={text.keys}>
      <ActionIcon variant="default" onClick={help.open} aria-label={text.keys}>
        <IconKeyboard size={18} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <Page
      title={names.inbox}
      summary={<span data-testid="inbox-live">{live ? text.live.connected : text.live.waiting}</span>}
      actions={keys}
    >
      <KeysHelp opened={helps} close={help.close} wanted={wanted} want={setWanted} />
      <div className={classes.columns}>
        <aside className={classes.aside} data-shown={questionId === undefined} aria-label={text.listLabel}>
          <Views view={view} counts={lists.counts} />
          <Chosen view={view} lists={lists} selected={questionId} />
        </aside>
        <Box component="section" miw={0}>
          {questionId ? (
            <Detail key={questionId} id={questionId} />
          ) : (
            <Text c="dimmed" visibleFrom="md" py="xl" ta="center">
              {text.choose}
            </Text>
          )}
        </Box>
      </div>
    </Page>
  );
}

/** The question that is shown, if it is known already; asking for it is the detail's. */
function useShown(id: string | undefined) {
  return useQuestion(id ?? "", undefined, id !== undefined).data;
}

function useLists(view: View, live: boolean) {
  const mine = useQuestions("mine", true, live);
  const all = useQuestions("all", true, live);
  const closed = useQuestions("closed", view === "closed", live);
  const roles = useQuestionsOfRoles(live);
  const counts: Partial<Record<View, Listed | undefined>> = {
    mine: mine.data,
    roles: roles.data,
    all: all.data,
  };
  return { counts, query: { mine, all, closed, roles }[view], roles: roles.roles };
}

interface ChosenProps {
  readonly view: View;
  readonly lists: ReturnType<typeof useLists>;
  readonly selected: string | undefined;
}

function Chosen({ view, lists, selected }: ChosenProps) {
  const principal = useMe()?.principal;
  if (view === "roles" && lists.roles.length === 0)
    return <Nothing title={text.noRoles} hint={text.noRolesHint} />;
  return (
    <Loaded query={lists.query}>
      {(listed) =>
        listed.items.length === 0 ? (
          <Nothing title={text.nothing[view]} hint={text.nothingHint} />
        ) : (
          <QuestionList listed={listed} selected={selected} principal={principal} />
        )
      }
    </Loaded>
  );
}

function Views({
  view,
  counts,
}: {
  readonly view: View;
  readonly counts: ReturnType<typeof useLists>["counts"];
}) {
  const navigate = useNavigate();
  return (
    <Tabs
      value={view}
      onChange={(next) => void navigate({ to: "/inbox", search: { view: next ?? "mine" } })}
      mb="xs"
    >
      <ScrollArea type="auto" scrollbarSize={4}>
        <Tabs.List aria-label={text.viewsLabel} style={{ flexWrap: "nowrap" }}>
          {VIEWS.map((name) => (
            <Tabs.Tab key={name} value={name} px={8} data-testid={`view-${name}`}>
              <Group gap={6} wrap="nowrap">
                {text.views[name]}
                <Count listed={counts[name]} />
              </Group>
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </ScrollArea>
    </Tabs>
  );
}

function Count({ listed }: { readonly listed: Listed | undefined }) {
  if (listed === undefined) return null;
  return (
    <Badge size="sm" flex="none" variant="light" color={listed.items.length > 0 ? "pilot" : "gray"}>
      {text.count(listed.items.length, listed.more)}
    </Badge>
  );
}

function focusOn(shortcut: string): void {
  document.querySelector<HTMLElement>(`[data-shortcut="${shortcut}"]`)?.focus();
}

/** Move the focus to the next question, or the one before: from the focused one, else from the one that is shown. */
function step(by: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>("[data-testid='inbox-item']")];
  const focused = items.indexOf(document.activeElement as HTMLElement);
  const shown = items.findIndex((item) => item.getAttribute("aria-current") === "true");
  const from = focused >= 0 ? focused : shown;
  const to = from < 0 ? 0 : Math.min(items.length - 1, Math.max(0, from + by));
  items[to]?.focus();
}
