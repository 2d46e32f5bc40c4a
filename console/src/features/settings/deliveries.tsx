/** Messages, and what became of each. Which are shown stands in the address. */
import { Box, Input, SegmentedControl, Stack, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { optionsOf } from "@/kit/options";
import { Section } from "@/kit/section";
import { StateBadge } from "@/kit/state-badge";
import { notifying as text } from "@/strings/installation";

type Delivery = Schema<"Delivery">;
type Shown = keyof typeof text.statuses;

const COLOURS = { pending: "blue", sent: "green", dead: "red", moot: "gray" } as const;
const EVERY = 20_000;

export function Deliveries() {
  const { status: asked } = useSearch({ strict: false }) as { status?: string };
  const shown: Shown = asked !== undefined && asked in text.statuses ? (asked as Shown) : "all";
  const navigate = useNavigate();
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/notifications/deliveries",
    { params: { query: shown === "all" ? {} : { status: shown } } },
    { ...PAGES, refetchInterval: EVERY },
  );
  return (
    <Section title={text.deliveries}>
      <Stack gap="sm">
        <Input.Wrapper label={text.show} labelElement="div">
          <Box style={{ overflowX: "auto" }}>
            <SegmentedControl
              aria-label={text.show}
              data={optionsOf(text.statuses)}
              value={shown}
              onChange={(value) =>
                void navigate({
                  to: "/settings/notifications",
                  search: value === "all" ? {} : { status: value },
                })
              }
            />
          </Box>
        </Input.Wrapper>
        <PagedListing
          query={query}
          label={text.deliveries}
          columns={COLUMNS}
          keyOf={({ id }) => id}
          empty={
            <Text size="sm" c="dimmed">
              {text.noDeliveries}
            </Text>
          }
        />
      </Stack>
    </Section>
  );
}

const COLUMNS: Column<Delivery>[] = [
  { header: text.event, cell: ({ event }) => <span className="mono">{event}</span> },
  { header: text.target, cell: ({ target }) => target },
  {
    header: text.state,
    cell: ({ status }) => <StateBadge state={status} label={text.statuses[status]} color={COLOURS[status]} />,
  },
  { header: text.attempts, cell: ({ attempts }) => attempts },
  {
    header: text.reason,
    cell: ({ answered, reason }) => [answered, reason].filter(Boolean).join(" "),
  },
  { header: text.when, cell: ({ created_at }) => <Moment at={created_at} /> },
  { header: text.next, cell: ({ next_at }) => <Moment at={next_at} /> },
];
