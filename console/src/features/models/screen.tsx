/** Models: providers, what stands behind each alias, breakers, and answers that are kept. */
import { Code, Stack } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { models as text } from "@/strings/models";
import { Aliases } from "./aliases";
import { Breakers } from "./breakers";
import { Kept } from "./kept";
import { Providers } from "./providers";

export default function ModelsScreen() {
  const can = useCan();
  const query = $api.useQuery("get", "/api/v1/models");
  return (
    <Page title={text.title} summary={text.summary}>
      <Loaded query={query}>{(shown) => <Shown shown={shown} />}</Loaded>
      {can("installation:read") && <Breakers />}
      <Kept />
    </Page>
  );
}

function Shown({ shown }: { readonly shown: Schema<"ModelsShown"> }) {
  if (shown.providers.length > 0 || shown.items.length > 0)
    return (
      <>
        <Aliases aliases={shown.items} />
        <Providers providers={shown.providers} />
      </>
    );
  return (
    <Nothing
      title={text.none}
      hint={
        <Stack gap="xs" component="span">
          <span>{text.noneHint}</span>
          <Code block ta="left" component="span" style={{ whiteSpace: "pre-wrap" }}>
            {text.noneExample}
          </Code>
        </Stack>
      }
    />
  );
}
