/** The frame around every screen: navigation, search, theme and account. */
import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Button,
  Group,
  Kbd,
  NavLink,
  ScrollArea,
  Text,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { groups } from "@/strings/names";
import { shell as text } from "@/strings/shell";
import type { Group as NavGroup } from "./screen";
import { SCREENS } from "./screens";
import { useCan } from "./session";
import classes from "./shell.module.css";

/** What is not needed for the first look comes after it. */
const AccountMenu = lazy(() => import("./account-menu"));
const Palette = lazy(() => import("./palette"));
const Notices = lazy(() => import("./notices"));

const GROUPS = Object.keys(groups) as NavGroup[];

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const path = useLocation({ select: (location) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each move to another screen closes it
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 224, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <a className={classes.skip} href="#main">
        {text.skip}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={text.open} />
            <img src="/console/icon.svg" alt="" width={24} height={24} />
            <Text fw={700} visibleFrom="xs">
              {text.product}
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              size="xs"
              leftSection={<IconSearch size={14} />}
              rightSection={<Kbd size="xs">{text.searchKeys}</Kbd>}
              onClick={openPalette}
              visibleFrom="sm"
            >
              {text.search}
            </Button>
            <ActionIcon variant="default" aria-label={text.search} onClick={openPalette} hiddenFrom="sm">
              <IconSearch size={16} />
            </ActionIcon>
            <Suspense fallback={<Box w={28} h={28} />}>
              <AccountMenu />
            </Suspense>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={text.navigation}>
        <ScrollArea type="auto" scrollbarSize={6} offsetScrollbars="present">
          {GROUPS.map((group) => (
            <Section key={group} group={group} path={path} />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <Suspense>
        <Palette />
        <Notices />
      </Suspense>
    </AppShell>
  );
}

/** The palette's own code is fetched with the first look at it, if not before. */
function openPalette(): void {
  void import("@mantine/spotlight").then(({ spotlight }) => spotlight.open());
}

function Section({ group, path }: { group: NavGroup; path: string }) {
  const can = useCan();
  const shown = SCREENS.filter((screen) => screen.group === group && can(screen.permission));
  if (shown.length === 0) return null;
  return (
    <Box component="section" mb="sm" aria-label={groups[group]}>
      <Text size="xs" fw={600} c="dimmed" px="sm" pb={2}>
        {groups[group]}
      </Text>
      {shown.map((screen) => (
        <NavLink
          key={screen.path}
          component={Link}
          to={screen.path}
          label={screen.name}
          active={isWithin(path, screen.path)}
          leftSection={<screen.icon size={17} stroke={1.6} />}
          className={classes.link ?? ""}
        />
      ))}
    </Box>
  );
}

/** Whether an address is a screen's or lies below it. */
function isWithin(path: string, screen: string): boolean {
  return screen === "/" ? path === "/" : path === screen || path.startsWith(`${screen}/`);
}
