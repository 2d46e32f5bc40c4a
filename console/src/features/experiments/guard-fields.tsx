/** What stops an arm of a new experiment by itself: for each metric a margin, and a bound. */
import { Fieldset, SimpleGrid, Text, TextInput } from "@mantine/core";
import { experiments as text } from "@/strings/experiments";
import type { GuardTyped, Metric, Typed } from "./form";

interface GuardFieldsProps {
  readonly typed: Typed;
  readonly type: (changes: Partial<Typed>) => void;
}

export function GuardFields({ typed: { guards }, type }: GuardFieldsProps) {
  const change = (metric: Metric, changes: Partial<GuardTyped>) =>
    type({ guards: { ...guards, [metric]: { ...guards[metric], ...changes } } });
  return (
    <Fieldset legend={text.guards}>
      <Text size="sm" c="dimmed" mb="xs">
        {text.guardsHint}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {(Object.keys(guards) as Metric[]).flatMap((metric) => [
          <TextInput
            key={`${metric}-worse`}
            label={text.guardWorse(text.metrics[metric], text.units[metric])}
            inputMode="decimal"
            value={guards[metric].worseBy}
            onChange={(event) => change(metric, { worseBy: event.currentTarget.value })}
          />,
          <TextInput
            key={`${metric}-bound`}
            label={text.guardBound(text.metrics[metric])}
            description={text.bounds[metric]("…")}
            inputWrapperOrder={["label", "input", "description"]}
            inputMode="decimal"
            value={guards[metric].bound}
            onChange={(event) => change(metric, { bound: event.currentTarget.value })}
          />,
        ])}
      </SimpleGrid>
    </Fieldset>
  );
}
