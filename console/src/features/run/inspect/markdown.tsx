/** Markdown as it is meant to be read. HTML in it is not: it would be somebody else's. */
import { Anchor, Table, Typography } from "@mantine/core";
import type { ComponentProps } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "./code";

const PARTS: Components = {
  // the screen's own heading is the first one, and the name of what is shown the second
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
  a: ({ href, children }) => (
    <Anchor href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </Anchor>
  ),
  // a picture of another host would not be loaded, and its address tell of whoever looks at it
  img: ({ alt }) => <em>{alt}</em>,
  pre: ({ children }) => <>{children}</>,
  code: Coded,
  table: ({ children }) => (
    <Table.ScrollContainer minWidth={400}>
      <Table withTableBorder>{children}</Table>
    </Table.ScrollContainer>
  ),
};

function Coded({ className, children }: ComponentProps<"code">) {
  const text = String(children ?? "");
  const language = /language-([\w+-]+)/.exec(className ?? "")?.[1];
  return language !== undefined || text.includes("\n") ? (
    <Code text={text.replace(/\n$/, "")} language={language} />
  ) : (
    <code>{children}</code>
  );
}

export function Markdown({ text }: { readonly text: string }) {
  return (
    <Typography data-testid="markdown">
      <ReactMarkdown remarkPlugins={[remarkGfm]} skipHtml components={PARTS}>
        {text}
      </ReactMarkdown>
    </Typography>
  );
}
