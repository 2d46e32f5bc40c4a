/** Who is signed in, the theme, and the way out. */
import { ActionIcon, Menu, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconBook2, IconLogout, IconMoon, IconSun, IconUser } from "@tabler/icons-react";
import { client } from "@/api/client";
import { shell as text } from "@/strings/shell";
import { useMe } from "./session";

export default function AccountMenu() {
  const me = useMe();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  async function signOut() {
    await client.POST("/api/v1/auth/sign-out");
    location.assign("/sign-in");
  }
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="default" aria-label={text.account}>
          <IconUser size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm">{me?.person?.name ?? me?.principal}</Text>
          <Text size="xs">{me ? `${me.tenant_id} · ${me.roles.join(", ")}` : ""}</Text>
        </Menu.Label>
        <Menu.Item
          leftSection={isDark ? <IconSun size={16} /> : <IconMoon size={16} />}
          onClick={() => setColorScheme(isDark ? "light" : "dark")}
        >
          {isDark ? text.light : text.dark}
        </Menu.Item>
        <Menu.Item leftSection={<IconBook2 size={16} />} component="a" href="/api/docs">
          {text.documentation}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={signOut}>
          {text.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
