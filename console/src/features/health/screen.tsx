/** How the process is that serves this console, with each part that it depends on. */
import { Alert, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { AsOf } from "@/kit/as-of";
import { Page } from "@/kit/page";
import { Failure, Loaded } from "@/kit/states";
import { health as text } from "@/strings/health";
import { names } from "@/strings/names";
import { figuresOf } from "./figures";

type Condition = Schema<"Condition">;
type Part = Schema<"Part">;

const EVERY = 10_000;
const COLOURS: Record<Condition, string> = {
  well: "green",
  degraded: "amber",
  failed: "red",
  absent: "gray",
};

export default function HealthScreen() {
  const query = $api.useQuery("get", "/health/detail", {}, { refetchInterval: EVERY });
  return (
    <Page
      title={names.health}
      summary={text.summary}
      actions={<AsOf query={query} at={query.data?.checked_at} />}
    >
      {query.error && query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      <Loaded query={query}>
        {(detail) => (
          <Stack gap="md">
            <Alert
              color={COLOURS[detail.status]}
              title={text.overall[detail.status]}
              data-testid="health-status"
            >
              {text.version(detail.version)}
            </Alert>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {detail.parts.map((part) => (
                <PartCard key={part.name} part={part} />
              ))}
            </SimpleGrid>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function PartCard({ part }: { readonly part: Part }) {
  const known: { means: string; todo: string } =
    part.name in text.parts ? text.parts[part.name as keyof typeof text.parts] : text.otherPart;
  const figures = figuresOf(part.figures ?? {});
  const isWell = part.status === "well" || part.status === "absent";
  return (
    <Card withBorder padding="md" data-testid="health-part" data-part={part.name} data-status={part.status}>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Title order={2} size="h5">
          {part.name}
        </Title>
        <Badge color={COLOURS[part.status]} variant="light">
          {text.conditions[part.status]}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed">
        {known.means}
      </Text>
      <Text size="sm" mt="xs">
        {part.detail}
      </Text>
      {!isWell && (
        <Alert color={COLOURS[part.status]} title={text.advice} mt="xs">
          {known.todo}
        </Alert>
      )}
      {figures.length > 0 && (
        <Text size="xs" c="dimmed" mt="xs" className="numeric">
          {figures.map(({ name, value }) => `${name}: ${value}`).join(" · ")}
        </Text>
      )}
    </Card>
  );
}
