/** The alerts that budgets have made, each once in a period. */
import { Badge, Group, Stack, Text, Title } from "@mantine/core";
import { $api } from "@/api/client";
import { Moment } from "@/kit/moments";
import { Loaded } from "@/kit/states";
import { budgets as text } from "@/strings/budgets";
import { amountText, type Budget } from "./amounts";

/** The alerts of all budgets, or of those that are given. */
export function Alerts({ budgets }: { readonly budgets: readonly Budget[] }) {
  const query = $api.useQuery("get", "/api/v1/budgets/alerts", {}, { refetchInterval: 10_000 });
  const known = new Map(budgets.map((budget) => [budget.id, budget]));
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">
        {text.alerts}
      </Title>
      <Loaded query={query}>
        {({ items }) => {
          const shown = budgets.length === 1 ? items.filter(({ budget_id }) => known.has(budget_id)) : items;
          if (shown.length === 0) return <Text c="dimmed">{text.noAlerts}</Text>;
          return shown.slice(0, 20).map(({ id, budget_id, level, spent, at_most, period, at }) => {
            const of = known.get(budget_id);
            return (
              <Group key={id} gap="xs" data-testid="alert">
                <Badge color={level >= 100 ? "red" : "amber"} variant="light">
                  {text.alert(of?.name ?? text.gone, level)}
                </Badge>
                <Text size="sm">
                  {of && text.alertDetail(amountText(of, spent), amountText(of, at_most), period)}
                </Text>
                <Text size="xs" c="dimmed" component="div">
                  <Moment at={at} />
                </Text>
              </Group>
            );
          });
        }}
      </Loaded>
    </Stack>
  );
}
