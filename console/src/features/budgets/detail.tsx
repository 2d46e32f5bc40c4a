/** One budget: what it says, what is gone of it, period by period, and what will be. */
import { Button, Card, Group, Modal, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { ConfirmByTyping } from "@/kit/confirm";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Loaded, Loading, Nothing } from "@/kit/states";
import { budgets as text } from "@/strings/budgets";
import { Alerts } from "./alerts";
import { amountText, type Budget, presentOf, scopeText, type Usage } from "./amounts";
import { BudgetBar } from "./bar";
import { burnOf } from "./burn";
import { ChangeForm } from "./change-form";
import { Facts } from "./facts";
import { LIST, ONE, useBudget, useUsage } from "./use-budgets";

const BurnChart = lazy(() => import("./chart"));

export default function BudgetScreen() {
  const { budgetId } = useParams({ strict: false }) as { budgetId: string };
  const query = useBudget(budgetId);
  return <Loaded query={query}>{(budget) => <Shown budget={budget} />}</Loaded>;
}

function Shown({ budget }: { readonly budget: Budget }) {
  const can = useCan();
  const usage = useUsage(budget.id);
  const forecast = $api.useQuery(
    "get",
    "/api/v1/budgets/{budget_id}/forecast",
    { params: { path: { budget_id: budget.id } } },
    { enabled: budget.period === "month", refetchInterval: 30_000 },
  );
  return (
    <Page
      title={budget.name}
      summary={`${scopeText(budget)}, ${text.periods[budget.period]}`}
      actions={can("budgets:manage") && <Actions budget={budget} />}
    >
      <Loaded query={usage}>
        {({ items }) => (
          <>
            <Card withBorder padding="sm">
              <Title order={2} size="h4">
                {text.now}
              </Title>
              <BudgetBar budget={budget} usage={presentOf(items, Date.now())} />
            </Card>
            {budget.period === "month" ? (
              <Loaded query={forecast}>{(found) => <Forecast budget={budget} forecast={found} />}</Loaded>
            ) : (
              <Text size="sm" c="dimmed">
                {text.noForecast}
              </Text>
            )}
            <BurnSection budget={budget} usages={items} forecast={forecast.data} />
          </>
        )}
      </Loaded>
      <Facts budget={budget} />
      <Alerts budgets={[budget]} />
    </Page>
  );
}

function Forecast({ budget, forecast }: { readonly budget: Budget; readonly forecast: Schema<"Forecast"> }) {
  const bases: Readonly<Record<string, string>> = text.bases;
  const said = (amount: string) => amountText(budget, amount);
  return (
    <Card withBorder padding="sm" data-testid="forecast">
      <Title order={2} size="h4">
        {text.forecast}
      </Title>
      <Text size="sm" c="dimmed">
        {text.forecastOf(forecast.period)}
      </Text>
      <Text>
        {text.expected}{" "}
        <Text component="span" fw={700} className="numeric">
          {said(forecast.expected)}
        </Text>
        {", "}
        {text.between(said(forecast.low), said(forecast.high))}
      </Text>
      <Text size="sm">
        {forecast.exhausted_on ? text.exhausted(forecast.exhausted_on) : text.notExhausted}{" "}
        {bases[forecast.basis] ?? ""}
      </Text>
    </Card>
  );
}

interface BurnSectionProps {
  readonly budget: Budget;
  readonly usages: readonly Usage[];
  readonly forecast: Schema<"Forecast"> | undefined;
}

function BurnSection({ budget, usages, forecast }: BurnSectionProps) {
  if (usages.length === 0) return <Nothing title={text.nothingSpent} hint={text.nothingSpentHint} />;
  const burn = burnOf(budget, usages, forecast);
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">
        {text.burn}
      </Title>
      {burn && (
        <>
          <Text size="sm" c="dimmed">
            {text.burnHint}
          </Text>
          <Suspense fallback={<Loading />}>
            <BurnChart burn={burn} />
          </Suspense>
        </>
      )}
      <Table.ScrollContainer minWidth={320} type="native">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.periodColumn}</Table.Th>
              <Table.Th>{text.spentColumn}</Table.Th>
              <Table.Th>{text.reservedColumn}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="numeric">
            {usages.map(({ period, spent, reserved, starts_at }) => (
              <Table.Tr key={period}>
                <Table.Td>
                  {period} {starts_at && <Moment at={starts_at} />}
                </Table.Td>
                <Table.Td>{amountText(budget, spent)}</Table.Td>
                <Table.Td>{amountText(budget, reserved)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Actions({ budget }: { readonly budget: Budget }) {
  const navigate = useNavigate();
  const refresh = useRefresh(LIST);
  const [changes, change] = useDisclosure();
  const [removes, remove] = useDisclosure();
  async function removed() {
    await client.DELETE(ONE, { params: { path: { budget_id: budget.id } } });
    notifications.show({ message: text.removed, color: "green" });
    await navigate({ to: "/budgets" });
    await refresh();
  }
  return (
    <Group gap="xs">
      <Button variant="default" onClick={change.open} data-testid="change-budget">
        {text.change}
      </Button>
      <Button variant="light" color="red" onClick={remove.open} data-testid="delete-budget">
        {text.remove}
      </Button>
      <Modal opened={changes} onClose={change.close} title={text.change}>
        <ChangeForm budget={budget} done={change.close} />
      </Modal>
      <ConfirmByTyping
        opened={removes}
        title={text.removeTitle}
        what={text.removeWhat}
        word={budget.name}
        danger={text.remove}
        onConfirm={removed}
        onClose={remove.close}
      />
    </Group>
  );
}
