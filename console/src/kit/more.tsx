/** The end of a list that comes page by page: a button for the next one, and what went wrong with it. */
import { Button } from "@mantine/core";
import { common as text } from "@/strings/common";
import { Failure } from "./states";

export interface MoreProps {
  readonly query: {
    readonly error: unknown;
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
    readonly fetchNextPage: () => unknown;
  };
}

export function More({ query }: MoreProps) {
  const next = () => void query.fetchNextPage();
  if (query.isFetchNextPageError) return <Failure error={query.error} retry={next} />;
  if (!query.hasNextPage) return null;
  return (
    <Button variant="default" size="xs" w="fit-content" loading={query.isFetchingNextPage} onClick={next}>
      {text.more}
    </Button>
  );
}
