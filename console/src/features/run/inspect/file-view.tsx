/** A file whose text is known, shown by what it is: Markdown, a table, a tree, a program, or plain text. */
import { Stack, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import { readJson } from "@/kit/json";
import { JsonView } from "@/kit/json-view";
import { inspect } from "@/strings/inspect";
import { Code } from "./code";
import { rowsOf } from "./csv";
import { languageOf } from "./languages";
import { LongText } from "./long-text";
import { Markdown } from "./markdown";

const text = inspect.artifacts;
/** Rows of a table that are shown. */
const ROWS = 500;

interface FileViewProps {
  readonly name: string;
  readonly content: string;
  /** Programs are shown as they are written, also Markdown and JSON. */
  readonly asSource?: boolean;
}

export function FileView({ name, content, asSource = false }: FileViewProps) {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const language = languageOf(name);
  const label = text.content(name);
  if (!asSource && (ending === "md" || ending === "markdown")) return <Markdown text={content} />;
  if (ending === "csv" || ending === "tsv")
    return <Sheet content={content} separator={ending === "tsv" ? "\t" : ","} />;
  if (!asSource && ending === "json") return <Json content={content} name={name} />;
  if (language === undefined) return <LongText value={content} label={label} />;
  return <Code text={content} language={language} label={label} />;
}

function Json({ content, name }: { readonly content: string; readonly name: string }) {
  const { value, fault } = useMemo(() => readJson(content), [content]);
  // What is called JSON and is none is shown as the text that it is.
  if (fault !== undefined) return <LongText value={content} label={text.content(name)} />;
  return <JsonView value={value} open={2} />;
}

function Sheet({ content, separator }: { readonly content: string; readonly separator: string }) {
  const rows = useMemo(() => rowsOf(content, separator), [content, separator]);
  const [head = [], ...body] = rows;
  const shown = body.slice(0, ROWS);
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {text.rows(shown.length, body.length)}
      </Text>
      <Table.ScrollContainer minWidth={Math.min(1200, head.length * 110)} maxHeight="60vh">
        <Table striped stickyHeader className="numeric">
          <Table.Thead>
            <Table.Tr>
              {head.map((cell, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name
                <Table.Th key={place}>{cell}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows never move
              <Table.Tr key={line}>
                {row.map((cell, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells never move
                  <Table.Td key={place}>{cell}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
