/** Changes a budget's limits. Where somebody else has changed it meanwhile that is said, and nothing is lost. */
import { Alert, Button, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useRefresh } from "@/kit/refresh";
import { Failure } from "@/kit/states";
import { budgets as text } from "@/strings/budgets";
import { amountText, type Budget } from "./amounts";
import { isWhole, TermFields, type Terms, termsOf } from "./fields";
import { Collision, changeBudget, LIST } from "./use-budgets";

interface ChangeFormProps {
  readonly budget: Budget;
  readonly done: () => void;
}

export function ChangeForm({ budget, done }: ChangeFormProps) {
  const [seen, setSeen] = useState(budget);
  const [terms, setTerms] = useState<Terms>({
    soft: budget.soft ?? "",
    hard: budget.hard ?? "",
    beyond: budget.beyond,
    role: budget.role ?? "",
    lost: budget.lost,
  });
  const refresh = useRefresh(LIST);
  const changing = useMutation({
    mutationFn: () => changeBudget(seen, termsOf(terms)),
    onSuccess: () => {
      notifications.show({ message: text.changed, color: "green" });
      done();
    },
    onError: (error) => {
      if (error instanceof Collision) setSeen(error.present);
    },
    onSettled: () => refresh(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  const collided = changing.error instanceof Collision ? changing.error.present : null;
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TermFields terms={terms} change={setTerms} />
        {collided && <Collided present={collided} />}
        {changing.error && !collided && <Failure error={changing.error} />}
        <Button
          type="submit"
          w="fit-content"
          loading={changing.isPending}
          disabled={!isWhole(terms)}
          data-testid="save-budget"
        >
          {text.save}
        </Button>
      </Stack>
    </form>
  );
}

function Collided({ present }: { readonly present: Budget }) {
  const said = (amount: string | null | undefined) => (amount ? amountText(present, amount) : text.without);
  return (
    <Alert color="amber" role="alert" data-testid="collision">
      <Text size="sm">{text.collision(present.name)}</Text>
      <Text size="sm" fw={600}>
        {text.present(said(present.soft), said(present.hard))}
      </Text>
    </Alert>
  );
}
