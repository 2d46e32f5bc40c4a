/** All budgets of the tenant: how much of each is gone, and the alerts that were made. */
import { Anchor, Badge, Button, Card, Group, Modal, SimpleGrid, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { budgets as text } from "@/strings/budgets";
import { names } from "@/strings/names";
import { Alerts } from "./alerts";
import { type Budget, presentOf, scopeText } from "./amounts";
import { BudgetBar } from "./bar";
import { NewBudgetForm } from "./new-form";
import { useBudgets, useUsages } from "./use-budgets";

export default function BudgetsScreen() {
  const can = useCan();
  const query = useBudgets();
  const [opened, { open, close }] = useDisclosure();
  const manages = can("budgets:manage");
  const create = (
    <Button leftSection={<IconPlus size={16} />} onClick={open} data-testid="new-budget">
      {text.create}
    </Button>
  );
  return (
    <Page title={names.budgets} actions={manages && create}>
      <Modal opened={opened} onClose={close} title={text.create} size="lg">
        <NewBudgetForm done={close} />
      </Modal>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing
              title={text.nothing}
              hint={manages ? text.nothingHint : `${text.nothingHint} ${text.nothingHintReader}`}
            />
          ) : (
            <>
              <Budgets budgets={items} />
              <Alerts budgets={items} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Budgets({ budgets }: { readonly budgets: readonly Budget[] }) {
  const usages = useUsages(budgets);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      {budgets.map((budget) => (
        <Card key={budget.id} withBorder padding="sm" data-testid="budget">
          <Group justify="space-between" gap="xs">
            <Title order={2} size="h5" style={{ overflowWrap: "anywhere" }}>
              <Anchor
                component={Link}
                to="/budgets/$budgetId"
                params={{ budgetId: budget.id } as never}
                inherit
              >
                {budget.name}
              </Anchor>
            </Title>
            <Badge variant="light" color="gray">
              {text.periods[budget.period]}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed" mb={6} style={{ overflowWrap: "anywhere" }}>
            {scopeText(budget)}
          </Text>
          <BudgetBar budget={budget} usage={presentOf(usages.get(budget.id) ?? [], Date.now())} />
        </Card>
      ))}
    </SimpleGrid>
  );
}
