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
import { spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { groups } from "@/strings/names";
import { shell as text } from "@/strings/shell";
import { AccountMenu } from "./account-menu";
import { Palette } from "./palette";
import type { Group as NavGroup } from "./screen";
import { SCREENS } from "./screens";
import { useCan } from "./session";
import classes from "./shell.module.css";

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
              onClick={spotlight.open}
              visibleFrom="sm"
            >
              {text.search}
            </Button>
            <ActionIcon variant="default" aria-label={text.search} onClick={spotlight.open} hiddenFrom="sm">
              <IconSearch size={16} />
            </ActionIcon>
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={text.navigation}>
        <ScrollArea type="auto">
          {GROUPS.map((group) => (
            <Section key={group} group={group} path={path} />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <Palette />
    </AppShell>
  );
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
