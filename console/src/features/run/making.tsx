/** Answers of agents while they are made. Each goes when the entry that ends its step takes its place. */
import { Paper, Stack, Text, Title } from "@mantine/core";
import { run as text } from "@/strings/run";
import style from "./run.module.css";

/** Characters of an answer's end that are shown. */
const SHOWN = 4_000;

export function Making({ deltas }: { readonly deltas: ReadonlyMap<string, string> }) {
  if (deltas.size === 0) return null;
  return (
    <Stack component="section" gap="xs" aria-labelledby="making-title">
      <Title order={2} size="h4" id="making-title">
        {text.making}
      </Title>
      {[...deltas].map(([step, said]) => (
        <Paper key={step} withBorder p="xs" data-testid="making">
          <Text size="xs" c="dimmed" className="mono">
            {step}
          </Text>
          <div className={style.making}>
            <Text size="sm">{said.slice(-SHOWN)}</Text>
          </div>
        </Paper>
      ))}
    </Stack>
  );
}
