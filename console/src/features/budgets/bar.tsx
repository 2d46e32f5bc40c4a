/** What is spent and reserved of a budget, with marks where its limits are. */
import { Badge, Box, Group, Progress, Text } from "@mantine/core";
import { budgets as text } from "@/strings/budgets";
import { amountText, type Bar, type Budget, barOf, type Usage } from "./amounts";
import classes from "./budgets.module.css";

const COLOURS: Record<Bar["state"], string> = { within: "pilot", soft: "amber", hard: "red" };
const SAID: Record<Bar["state"], string> = {
  within: text.within,
  soft: text.beyondSoft,
  hard: text.beyondHard,
};

interface BudgetBarProps {
  readonly budget: Budget;
  readonly usage: Pick<Usage, "spent" | "reserved">;
}

export function BudgetBar({ budget, usage }: BudgetBarProps) {
  const bar = barOf(budget, usage);
  const spent = amountText(budget, usage.spent);
  const reserved = amountText(budget, usage.reserved);
  const limits = limitsText(budget);
  return (
    <Box>
      <div className={classes.bar} role="img" aria-label={text.barLabel(spent, reserved, limits)}>
        <Progress.Root size="lg" transitionDuration={0} aria-hidden>
          <Progress.Section value={bar.spent} color={COLOURS[bar.state]} withAria={false} />
          <Progress.Section value={bar.reserved} color="gray.5" striped withAria={false} />
        </Progress.Root>
        {bar.soft !== null && (
          <span className={classes.mark} data-kind="soft" style={{ left: `${bar.soft}%` }} />
        )}
        {bar.hard !== null && (
          <span className={classes.mark} data-kind="hard" style={{ left: `${bar.hard}%` }} />
        )}
      </div>
      <Group gap="xs" justify="space-between">
        <Text size="sm" className="numeric" data-testid="budget-spent">
          {text.spent(spent)}
          {Number(usage.reserved) > 0 && `, ${text.reserved(reserved)}`}
        </Text>
        <Text size="sm" c="dimmed" className="numeric">
          {limits}
        </Text>
      </Group>
      {bar.state !== "within" && (
        <Badge variant="light" color={COLOURS[bar.state]} data-testid="budget-state">
          {SAID[bar.state]}
        </Badge>
      )}
    </Box>
  );
}

function limitsText(budget: Budget): string {
  const soft = budget.soft ? text.soft(amountText(budget, budget.soft)) : null;
  const hard = budget.hard ? text.hard(amountText(budget, budget.hard)) : null;
  return [soft, hard].filter((limit) => limit !== null).join(", ");
}
