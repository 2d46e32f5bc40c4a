/** What applications bring to begin from, as cards that are chosen with a click or the keyboard. */
import { Box, SimpleGrid, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import {
  IconBook2,
  IconChartBar,
  IconEye,
  IconHeart,
  IconMessage,
  IconPackage,
  IconReceipt,
  IconShieldCheck,
  IconTemplate,
  IconTruck,
  IconUsers,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Schema } from "@/api/client";
import { start as text } from "@/strings/start";
import classes from "./start.module.css";

export type Template = Schema<"TemplateSummary">;

const ICONS: Readonly<Record<string, ComponentType<{ size?: number; stroke?: number }>>> = {
  book: IconBook2,
  chart: IconChartBar,
  eye: IconEye,
  heart: IconHeart,
  message: IconMessage,
  package: IconPackage,
  people: IconUsers,
  receipt: IconReceipt,
  shield: IconShieldCheck,
  truck: IconTruck,
};

/** Templates by their application, in the order of the API. */
export function byApp(templates: readonly Template[]): readonly (readonly [string, readonly Template[]])[] {
  const found = new Map<string, Template[]>();
  for (const template of templates) {
    const of = found.get(template.app);
    if (of) of.push(template);
    else found.set(template.app, [template]);
  }
  return [...found];
}

interface TemplatesProps {
  readonly templates: readonly Template[];
  readonly chosen: Template | undefined;
  readonly choose: (template: Template | undefined) => void;
}

export function Templates({ templates, chosen, choose }: TemplatesProps) {
  return (
    <Stack gap="md">
      {byApp(templates).map(([app, items]) => (
        <Box key={app} component="section" aria-label={text.templatesOf(text.apps[app] ?? app)}>
          <Title order={2} size="h5" mb="xs">
            {text.apps[app] ?? app}
          </Title>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
            {items.map((template) => (
              <Card
                key={template.id}
                template={template}
                isChosen={template === chosen}
                choose={() => choose(template === chosen ? undefined : template)}
              />
            ))}
          </SimpleGrid>
        </Box>
      ))}
    </Stack>
  );
}

interface CardProps {
  readonly template: Template;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

function Card({ template, isChosen, choose }: CardProps) {
  const Icon = ICONS[template.icon] ?? IconTemplate;
  return (
    <UnstyledButton
      className={isChosen ? `${classes.card} selected` : (classes.card ?? "")}
      aria-pressed={isChosen}
      onClick={choose}
      data-testid={`template-card-${template.id}`}
    >
      <Icon size={20} stroke={1.6} />
      <span>
        <Text component="span" display="block" fw={600} size="sm">
          {template.title}
        </Text>
        <Text component="span" display="block" size="xs" c="dimmed">
          {template.summary}
        </Text>
      </span>
    </UnstyledButton>
  );
}
